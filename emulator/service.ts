// The contract between the gateway, which parses, authenticates and authorises every call, and the services, which only do what was asked.

import type { PolicyDocument } from "../policy/document.ts";
import type { Clock } from "./clock.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Who signed the call. */
export interface Caller {
  readonly type: "User" | "AssumedRole" | "Root";
  /** `arn:aws:iam::<account>:user/<path><name>` or `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
  readonly arn: string;
  readonly accountId: string;
  /** `AIDA…`, or `AROA…:<session>`. */
  readonly userId: string;
  readonly accessKeyId: string;
  /** IAM users only. */
  readonly userName?: string;
  /** Assumed roles only: the role's own ARN, path included; it is what `aws:PrincipalArn` shows. */
  readonly roleArn?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Absent for long-term keys. */
  readonly session?: {
    readonly kind: "AssumeRole" | "GetSessionToken";
    readonly issuedAtMs: number;
    readonly expiresAtMs: number;
    /** When the MFA code was given; absent where the session has no MFA context. */
    readonly mfaAtMs?: number;
    readonly sourceIdentity?: string;
    /** Session policies given to AssumeRole. */
    readonly policies: readonly PolicyDocument[];
  };
}

/** Where a call comes from on the network, as the endpoint it reached tells. */
export interface Origin {
  /** Set when the call came from a network interface in a VPC. */
  readonly vpc?: { readonly vpcId: string; readonly subnetId: string; readonly ip: string };
  /** `aws:SourceIp` otherwise. */
  readonly sourceIp: string;
}

/** One authenticated call, as an operation sees it. */
export interface Call {
  readonly requestId: string;
  readonly nowMs: number;
  readonly caller: Caller;
  readonly origin: Origin;
  /** Principals of the services that make this call for the caller, outermost first (`aws:CalledVia`); the last is `kms:ViaService`'s service. */
  readonly calledVia: readonly string[];
  /**
   * A call that this service makes with the caller's own permissions (forward access session), authorised like any other:
   * Secrets Manager reading its KMS key, S3 encrypting an object.
   * @param asService - the principal of the service that forwards, e.g. `secretsmanager.amazonaws.com`
   */
  forward(asService: string, service: string, operation: string, input: object): Promise<unknown>;
  /** Whether the caller may do this as well, for answers of which AWS shows a part only to those who may. */
  allows(permission: Permission): boolean;
}

/** One action that a call must be allowed to perform. */
export interface Permission {
  /** `kms:Decrypt`. */
  readonly action: string;
  /** ARN, or `*` where AWS has no resource level for the action. */
  readonly resource: string;
  /** Service-specific condition keys (`kms:EncryptionContext:run`, `s3:x-amz-server-side-encryption`, `sts:ExternalId`, …). Absent keys stay absent. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** The policy of the resource: bucket, secret, topic, key or trust policy. */
  readonly resourcePolicy?: PolicyDocument;
  /** Where resource policies follow special rules: a key policy must allow, whatever IAM says; so must a trust policy. */
  readonly resourceKind?: "kms-key" | "role-trust";
  /** Replaces the plain access-denied error where AWS answers otherwise (e.g. code `AccessDenied` for query and S3 protocols is set by the gateway, not here). */
  readonly onDenied?: (defaultError: Error) => Error;
}

export interface Operation<Input extends object = never, Output extends object = object> {
  /**
   * The actions that must all be allowed before `run`. Empty only where AWS asks for no permission (`sts:GetCallerIdentity`).
   * Reads state, changes nothing; may throw an AwsError where AWS answers "not found" or "invalid" before it authorises.
   */
  permissions(input: Input, call: Call): readonly Permission[] | Promise<readonly Permission[]>;
  run(input: Input, call: Call): Output | Promise<Output>;
}

/** A service of the emulator, by its signing name (`sts`, `states`, `kms`, `logs`, `monitoring`, …). */
export interface Service {
  /** The service name in the SigV4 credential scope. */
  readonly signingName: string;
  /** IAM's and the endpoints' name where it differs from the signing name. */
  readonly endpointName?: string;
  /** Loads the SDK client package whose operation schemas describe the wire format: `() => import("@aws-sdk/client-sts")`. */
  readonly model: () => Promise<object>;
  readonly protocol: "awsJson1_0" | "awsJson1_1" | "awsQuery" | "restJson1" | "restXml";
  /** Operation name → operation. An operation of AWS's that is missing here answers `NotImplemented`. Inputs and outputs have the SDK's own shapes (Date, Uint8Array). */
  readonly operations: Readonly<Record<string, Operation<never, object>>>;
}

/** What every service gets. */
export interface Environment {
  readonly account: string;
  readonly region: string;
  readonly clock: Clock;
  /** Random bytes, for ids and keys; seeded in tests. */
  randomBytes(size: number): Uint8Array;
  /** Upper-case base-32-like id of AWS's form: `prefix` and 16 characters (`AKIA…`, `AROA…`). */
  uniqueId(prefix: string): string;
  /** Lower-case UUID v4. */
  uuid(): string;
}

/** Credentials that the service principal got for a role, after its trust policy allowed it. */
export interface RoleSession extends Credentials {
  readonly sessionToken: string;
  readonly arn: string;
  readonly expiresAtMs: number;
}

/** STS as the services use it: a service principal assumes the role that a resource was given. */
export interface ServiceRoles {
  /**
   * Evaluates the role's trust policy for `service` (e.g. `lambda.amazonaws.com`) with `aws:SourceAccount` and `aws:SourceArn`; throws AccessDenied.
   */
  assumeAsService(of: {
    service: string;
    roleArn: string;
    sessionName: string;
    sourceArn: string;
    durationSeconds?: number;
  }): Promise<RoleSession>;
}

/** The gateway as the services use it, for calls that they make themselves under a role: signed, verified and authorised like any other. */
export interface Gateway {
  /**
   * Options for an SDK client (`new LambdaClient(gateway.clientOptions(session))`) whose requests reach this gateway without a socket.
   */
  clientOptions(credentials: Credentials, origin?: Origin): object;
  /** Base URL of an endpoint whose calls come from this network interface; without `from`, from outside any VPC. Ends with the listener it opened. */
  endpointFor(from?: { vpcId: string; subnetId: string; ip: string }): Promise<{ url: string; close(): Promise<void> }>;
  /** Does `action` on behalf of a service principal (`logs.us-east-1.amazonaws.com`), as a key policy may allow it. Throws the service's access-denied error. */
  authorizeService(of: { service: string; sourceArn: string; permission: Permission }): Promise<void>;
  /**
   * Checks `permission` for the principal of `credentials`, as a service does that acts under a role through an API which is not modelled here
   * (Lambda's network interfaces, Batch's image pulls). Throws the access-denied error; the same evaluation as for a call that arrives by wire.
   */
  authorize(of: { credentials: Credentials; permission: Permission; origin?: Origin }): Promise<void>;
}
