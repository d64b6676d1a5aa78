// The network: three isolated subnet groups that reach AWS by endpoints and nothing else. Owner: the platform team.

import { Stack, type StackProps, Validations } from "aws-cdk-lib";
import {
  CfnVPCEndpoint,
  FlowLogDestination,
  FlowLogTrafficType,
  IpAddresses,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import { Role } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { flowLogGroup, keyAlias, pascalCase, roleNames } from "../../core/naming.ts";
import type { JobDefinition } from "../../jobs/definition.ts";
import { arnsOf } from "../arns.ts";
import type { KeyturnConfig } from "../config.ts";
import { ExactKey, removalPolicyFor } from "../constructs/key.ts";
import { ExactRole } from "../constructs/role.ts";
import { logsServiceUse } from "../keys/logs-service-use.ts";
import { type EndpointPlan, planEndpoints, type Tenant, tenants } from "../network/endpoints.ts";
import { explainEveryResource, policyDocument } from "../statement.ts";

export interface NetworkStackProps extends StackProps {
  readonly config: KeyturnConfig;
  readonly jobs: readonly JobDefinition[];
}

/** Where one tenant's network interfaces live. */
export interface TenantNetwork {
  readonly subnets: readonly ISubnet[];
  readonly securityGroup: SecurityGroup;
}

export class NetworkStack extends Stack {
  readonly vpc: IVpc;
  readonly tenants: Readonly<Record<Tenant, TenantNetwork>>;
  /** The endpoint that every call to STS comes through; the trust of the job roles names it. */
  readonly stsEndpointId: string;
  readonly #zones: readonly string[];

  constructor(scope: Construct, id: string, props: NetworkStackProps) {
    super(scope, id, props);
    const { config, jobs } = props;
    this.#zones = config.zones;
    Validations.of(this).acknowledge({
      id: "CloudFormation-Validate::W3010",
      reason: "The zones are a choice of the configuration: three that offer every endpoint, the same on each deployment.",
    });
    const group = (name: string, cidrMask: number) => ({ name, cidrMask, subnetType: SubnetType.PRIVATE_ISOLATED });
    const { subnetMasks } = config.network;
    const vpc = new Vpc(this, "Vpc", {
      ipAddresses: IpAddresses.cidr(config.network.cidr),
      availabilityZones: [...config.zones],
      natGateways: 0,
      createInternetGateway: false,
      // Emptying the default group takes a custom resource; nothing of ours is in it, and the subnets lead nowhere.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        group("jobs", subnetMasks.jobs),
        group("validate-mfa", subnetMasks.tasks),
        group("retrieve-credentials", subnetMasks.tasks),
        group("endpoints", subnetMasks.endpoints),
      ],
    });
    // Vpc is an IVpc; the CDK's declarations do not say so under exactOptionalPropertyTypes.
    this.vpc = vpc as IVpc;
    this.tenants = {
      "validate-mfa": this.#tenant("validate-mfa"),
      "retrieve-credentials": this.#tenant("retrieve-credentials"),
      jobs: this.#tenant("jobs"),
    };
    const endpoints = new Map(
      planEndpoints(this, { jobs, organizationId: config.organizationId }).map((plan) => [
        plan.endpoint,
        plan.kind === "interface" ? this.#interfaceEndpoint(plan) : this.#gatewayEndpoint(plan, config),
      ]),
    );
    const sts = endpoints.get("sts");
    if (!sts) throw new Error("The network has no STS endpoint, which the trust of every job role names.");
    this.stsEndpointId = sts.ref;
    this.#logFlows(config);
  }

  // The zones come from the configuration: asking AWS would need an account at synth.
  override get availabilityZones(): string[] {
    return [...this.#zones];
  }

  #tenant(name: Tenant): TenantNetwork {
    const securityGroup = new SecurityGroup(this, `${pascalCase(name)}SecurityGroup`, {
      vpc: this.vpc,
      description: `Keyturn ${name}: out to its endpoints only`,
      allowAllOutbound: false,
    });
    return { subnets: this.vpc.selectSubnets({ subnetGroupName: name }).subnets, securityGroup };
  }

  #interfaceEndpoint(plan: EndpointPlan): CfnVPCEndpoint {
    const name = pascalCase(plan.endpoint.replaceAll(".", "-"));
    const securityGroup = new SecurityGroup(this, `${name}EndpointSecurityGroup`, {
      vpc: this.vpc,
      description: `Keyturn endpoint ${plan.endpoint}: in from its callers only`,
      allowAllOutbound: false,
    });
    for (const tenant of plan.reachedFrom) {
      const caller = this.tenants[tenant].securityGroup;
      securityGroup.addIngressRule(caller, Port.HTTPS, `${tenant} calls ${plan.endpoint}`);
      caller.addEgressRule(securityGroup, Port.HTTPS, `${tenant} calls ${plan.endpoint}`);
    }
    return this.#endpoint(`${name}Endpoint`, plan, {
      privateDnsEnabled: true,
      securityGroupIds: [securityGroup.securityGroupId],
      subnetIds: this.vpc.selectSubnets({ subnetGroupName: "endpoints" }).subnetIds,
    });
  }

  #gatewayEndpoint(plan: EndpointPlan, { network }: KeyturnConfig): CfnVPCEndpoint {
    const destination = plan.endpoint === "s3" ? network.prefixLists.s3 : network.prefixLists.dynamodb;
    const callers = tenants.filter((tenant) => plan.reachedFrom.has(tenant));
    for (const tenant of callers) {
      this.tenants[tenant].securityGroup.addEgressRule(Peer.prefixList(destination), Port.HTTPS, `${tenant} calls ${plan.endpoint}`);
    }
    return this.#endpoint(`${pascalCase(plan.endpoint)}Endpoint`, plan, {
      routeTableIds: callers.flatMap((tenant) => this.tenants[tenant].subnets.map((subnet) => subnet.routeTable.routeTableId)),
    });
  }

  #endpoint(id: string, plan: EndpointPlan, wiring: Partial<ConstructorParameters<typeof CfnVPCEndpoint>[2]>): CfnVPCEndpoint {
    const endpoint = new CfnVPCEndpoint(this, id, {
      vpcId: this.vpc.vpcId,
      serviceName: plan.serviceName,
      vpcEndpointType: plan.kind === "interface" ? "Interface" : "Gateway",
      policyDocument: policyDocument(plan.policy),
      ...wiring,
    });
    explainEveryResource(endpoint, plan.policy);
    return endpoint;
  }

  #logFlows(config: KeyturnConfig): void {
    const arns = arnsOf(this);
    const removal = removalPolicyFor(config.retention.onDelete);
    const key = new ExactKey(this, "NetworkLogsKey", {
      alias: keyAlias.networkLogs,
      description: "Keyturn: the network's flow logs",
      arns,
      uses: [logsServiceUse(this, [flowLogGroup])],
      removal,
    });
    const logGroup = new LogGroup(this, "FlowLogs", {
      logGroupName: flowLogGroup,
      retention: config.retention.logDays,
      encryptionKey: Key.fromKeyArn(this, "ImportedNetworkLogsKey", key.arn),
      removalPolicy: removal,
    });
    const role = new ExactRole(this, {
      roleName: roleNames.flowLogs,
      description: "Keyturn: VPC flow logs write to their log group",
      trust: [
        {
          sid: "FlowLogs",
          principal: { Service: "vpc-flow-logs.amazonaws.com" },
          actions: ["sts:AssumeRole"],
          conditions: {
            StringEquals: { "aws:SourceAccount": this.account },
            ArnLike: { "aws:SourceArn": `arn:${this.partition}:ec2:${this.region}:${this.account}:vpc-flow-log/*` },
          },
        },
      ],
      permissions: [
        {
          sid: "Write",
          actions: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
          resources: [arns.logGroup(flowLogGroup), `${arns.logGroup(flowLogGroup)}:*`],
        },
      ],
    });
    this.vpc.addFlowLog("FlowLog", {
      trafficType: FlowLogTrafficType.ALL,
      destination: FlowLogDestination.toCloudWatchLogs(
        logGroup,
        Role.fromRoleArn(this, "ImportedFlowLogsRole", role.resource.attrArn, { mutable: false }),
      ),
    });
  }
}
