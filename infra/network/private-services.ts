// Which AWS services can be reached from subnets without internet, and by what; a job that calls another service is refused at synth.

export interface PrivateService {
  /** Of the endpoint's service name: `com.amazonaws.<region>.<endpoint>`, or `com.amazonaws.<endpoint>` where global. */
  readonly endpoint: string;
  readonly kind: "interface" | "gateway";
  /** The endpoint exists only there, because the service's control plane does. */
  readonly onlyIn?: string;
}

const onInterface = (endpoint: string): PrivateService => ({ endpoint, kind: "interface" });

/** By the prefix of the service's IAM actions. */
const services: Readonly<Record<string, PrivateService>> = {
  "access-analyzer": onInterface("access-analyzer"),
  batch: onInterface("batch"),
  cloudformation: onInterface("cloudformation"),
  cloudtrail: onInterface("cloudtrail"),
  cloudwatch: onInterface("monitoring"),
  config: onInterface("config"),
  dynamodb: { endpoint: "dynamodb", kind: "gateway" },
  ec2: onInterface("ec2"),
  events: onInterface("events"),
  guardduty: onInterface("guardduty"),
  iam: { endpoint: "iam", kind: "interface", onlyIn: "us-east-1" },
  kms: onInterface("kms"),
  lambda: onInterface("lambda"),
  logs: onInterface("logs"),
  s3: { endpoint: "s3", kind: "gateway" },
  secretsmanager: onInterface("secretsmanager"),
  securityhub: onInterface("securityhub"),
  sns: onInterface("sns"),
  sqs: onInterface("sqs"),
  ssm: onInterface("ssm"),
  states: onInterface("states"),
  sts: onInterface("sts"),
};

export const privateService = (actionPrefix: string): PrivateService | undefined => services[actionPrefix];

/** The name that CreateVpcEndpoint takes. */
export const endpointServiceName = ({ endpoint, onlyIn }: PrivateService, region: string): string =>
  onlyIn === undefined ? `com.amazonaws.${region}.${endpoint}` : `com.amazonaws.${endpoint}`;
