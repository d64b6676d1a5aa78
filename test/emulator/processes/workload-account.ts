// An account with everything that functions, jobs and schedules need around them: identities, keys, logs, queues and a small network.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type CloudWatchLogsClient, CloudWatchLogsClient as LogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import type { MovableClock } from "../../../emulator/clock.ts";
import type { CreatedResource, ResourceType } from "../../../emulator/deploy/resource-type.ts";
import type { Foundation } from "../../../emulator/foundation.ts";
import type { Service } from "../../../emulator/service.ts";
import { createKms, type Kms } from "../../../emulator/services/kms.ts";
import { createLogs, type Logs } from "../../../emulator/services/logs.ts";
import { createSqs, type Sqs } from "../../../emulator/services/sqs.ts";
import { startTestEmulator, type TestEmulator } from "../../support/emulator.ts";

/** A service under test, or one that it needs. */
export interface Part {
  readonly service: Service;
  readonly resourceTypes?: readonly ResourceType[];
  stop?(): Promise<void>;
}

export interface Surroundings extends Foundation {
  readonly kms: Kms;
  readonly logs: Logs;
  readonly sqs: Sqs;
}

export interface Statement {
  readonly Effect?: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

export interface WorkloadAccount extends TestEmulator {
  readonly logs: Logs;
  readonly logsClient: CloudWatchLogsClient;
  readonly subnetId: string;
  readonly securityGroupId: string;
  /** Creates a role that `service` may assume; gives its ARN. */
  role(name: string, of: { service: string; statements?: readonly Statement[]; trustConditions?: object }): Promise<string>;
  /** Creates a resource as a template would; throws what its schema or its service says against it. */
  create(type: string, properties: object, logicalId?: string): Promise<CreatedResource>;
  /** Writes a folder of files; gives its path. `create` finds it as the asset `<path>`, by S3 key or by the image URI of `imageUri`. */
  folder(files: Readonly<Record<string, string>>): Promise<string>;
}

/** The URI under which the folder counts as a published image. */
export const imageUri = (folder: string): string =>
  `111122223333.dkr.ecr.us-east-1.amazonaws.com/assets:${encodeURIComponent(folder).replaceAll("%", "_")}`;

export async function startWorkloadAccount(
  parts: (surroundings: Surroundings) => readonly Part[],
  options: { clock?: MovableClock } = {},
): Promise<WorkloadAccount> {
  const resourceTypes = new Map<string, ResourceType>();
  const folders: string[] = [];
  let logs: Logs | undefined;
  const emulator = await startTestEmulator({
    ...options,
    services: (foundation) => {
      const { environment, gateway } = foundation;
      const kms = createKms(environment);
      logs = createLogs(environment, { kms, gateway });
      const sqs = createSqs(environment, { kms, gateway });
      const all: Part[] = [kms, logs, sqs, ...parts({ ...foundation, kms, logs, sqs })];
      for (const type of all.flatMap((part) => part.resourceTypes ?? [])) resourceTypes.set(type.type, type);
      // Stopped first to last: what runs processes before what they call.
      return all.reverse();
    },
  });
  const network = buildNetwork(emulator);
  const iam = emulator.client(IAMClient);
  return {
    ...emulator,
    ...network,
    logs: logs as Logs,
    logsClient: emulator.client(LogsClient),
    async role(name, { service, statements = [], trustConditions }) {
      const trust = {
        Effect: "Allow",
        Principal: { Service: service },
        Action: "sts:AssumeRole",
        ...(trustConditions && { Condition: trustConditions }),
      };
      const { Role } = await iam.send(
        new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }) }),
      );
      const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: statements.map((of) => ({ Effect: "Allow", ...of })) });
      if (statements.length > 0) await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: "inline", PolicyDocument }));
      return Role?.Arn ?? "";
    },
    async create(type, properties, logicalId = "Resource") {
      const found = resourceTypes.get(type);
      if (found === undefined) throw new Error(`no part has the resource type ${type}`);
      return found.create(found.properties.parse(properties), {
        stackName: "Test",
        logicalId,
        generatedName: (maxLength = 255) => `Test-${logicalId}-0123456789AB`.slice(0, maxLength),
        assetPath: (of) => {
          const path = "key" in of ? of.key : folders.find((folder) => imageUri(folder) === of.imageUri);
          if (path === undefined) throw new Error("no such asset");
          return path;
        },
        tags: {},
      });
    },
    async folder(files) {
      const folder = await mkdtemp(join(tmpdir(), "workload-"));
      folders.push(folder);
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
      return folder;
    },
    async stop() {
      await emulator.stop();
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
    },
  };
}

function buildNetwork({ network }: Foundation): { subnetId: string; securityGroupId: string } {
  const [vpcId, subnetId, securityGroupId] = ["vpc-1", "subnet-1", "sg-1"] as const;
  network.addVpc({ id: vpcId, cidr: "10.0.0.0/16", defaultGroupId: "sg-default" });
  network.subnets.set(subnetId, { id: subnetId, vpcId, cidr: "10.0.1.0/24", zone: "us-east-1a", taken: new Set() });
  const all = { protocol: "-1", fromPort: 0, toPort: 65_535, peer: { cidr: "0.0.0.0/0" } };
  network.groups.set(securityGroupId, { id: securityGroupId, vpcId, ingress: [all], egress: [all] });
  for (const serviceName of ["sts", "logs", "ecr.api", "ecr.dkr"]) {
    network.endpoints.set(`vpce-${serviceName}`, {
      id: `vpce-${serviceName}`,
      vpcId,
      serviceName,
      kind: "Interface",
      privateDns: true,
      addresses: ["10.0.1.250"],
      groupIds: [securityGroupId],
      routeTableIds: [],
    });
  }
  return { subnetId, securityGroupId };
}

export const writeLogs: Statement = { Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*" };
