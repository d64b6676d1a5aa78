// `keyturn doctor`: what it says of an account that is well, and of each thing that is missing, as whoever may see it and whoever may not.

import { CloudTrailClient, type LookupAttribute, paginateLookupEvents } from "@aws-sdk/client-cloudtrail";
import { DeactivateMFADeviceCommand, IAMClient } from "@aws-sdk/client-iam";
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CredentialState } from "../../cli/admin/credential-state.ts";
import { adminFindings } from "../../cli/doctor/admins.ts";
import { checkCredentials } from "../../cli/doctor/caller.ts";
import type { Finding, Standing } from "../../cli/doctor/finding.ts";
import { checkNode } from "../../cli/doctor/machine.ts";
import { standingOf } from "../../cli/doctor/stacks.ts";
import { templateDrift } from "../../cli/doctor/template-drift.ts";
import { type PopulatedAccount, startPopulatedAccount } from "../../cli/local/local-account.ts";
import { writeConfigFile } from "../../cli/local/profiles.ts";
import { repositoryRoot } from "../../cli/local/repository.ts";
import { signedIn } from "../../cli/local/sign-in.ts";
import { synthesise } from "../../cli/local/synthesis.ts";
import type { DeployedStack } from "../../emulator/deploy/stack-creation.ts";
import config from "../../keyturn.config.ts";
import { type Ended, startKeyturn } from "./keyturn-process.ts";
import { startMovableKeyturn } from "./local-keyturn.ts";

let account: Awaited<ReturnType<typeof startMovableKeyturn>>;
beforeAll(async () => {
  account = await startMovableKeyturn();
});
afterAll(() => account?.stop());

interface Report {
  readonly isWell: boolean;
  readonly findings: readonly Finding[];
}

const report = ({ stdout }: Ended): Report => JSON.parse(stdout) as Report;

async function examined(...argv: readonly string[]): Promise<{ code: number | null; of: (check: string) => readonly Finding[] }> {
  const ended = await account.keyturn("doctor", "--json", ...argv);
  const { findings } = report(ended);
  return { code: ended.code, of: (check) => findings.filter((finding) => finding.check === check) };
}

/** As an account of AWS's, which the emulator stands in for: its endpoint in a profile, and no `--local`. */
const examinedAsAws = async (environment: NodeJS.ProcessEnv = {}, profile = "auditor"): Promise<Ended> =>
  startKeyturn(["doctor", "--json", "--profile", profile], {
    environment: { ...account.environment, AWS_SHARED_CREDENTIALS_FILE: "/dev/null", ...environment },
  }).ended;

/** Changes what the emulator has recorded of a deployed stack, for as long as `during` takes. */
async function recordedAs(name: string, change: Partial<DeployedStack>, during: () => Promise<void>): Promise<void> {
  const stack = account.local.emulator.stacks.find((one) => one.name === name);
  if (stack === undefined) throw new Error(`${name} is not deployed`);
  const before = { ...stack };
  Object.assign(stack, change);
  try {
    await during();
  } finally {
    Object.assign(stack, before);
  }
}

function templateOf(name: string): { Resources: Record<string, { Type: string; Properties?: object; Metadata?: object }> } {
  return JSON.parse(account.local.emulator.stacks.find((stack) => stack.name === name)?.templateText ?? "");
}

describe("keyturn doctor", () => {
  it("finds nothing missing in an account that is well, and says what does not apply to a local one", async () => {
    const { code, stdout, stderr } = await account.keyturn("doctor");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Nothing is missing.");
    for (const stack of account.local.emulator.stacks) {
      expect(stdout).toMatch(new RegExp(`^ {2}ok +stack ${stack.name} +CREATE_COMPLETE, as this checkout has it$`, "m"));
    }
    for (const admin of Object.keys(config.admins)) expect(stdout).toMatch(new RegExp(`^ {2}ok +admin ${admin} `, "m"));
    expect(stdout).toMatch(/^ {2}does not apply +container engine /m);
    expect(stdout).toMatch(/^ {2}does not apply +CDK bootstrap /m);
    expect(stdout).toMatch(/^ {2}does not apply +quotas /m);
  });

  it("aligns its lines, and puts each way out on a line of its own", async () => {
    await recordedAs("keyturn-jobs", { name: "elsewhere" }, async () => {
      const { stdout } = await account.keyturn("doctor");
      const starts = stdout.match(
        /^ {2}(?:ok|missing|does not apply) +(?=(?:Node|credentials|region|clock|stack|admin|CDK|quotas|container))/gm,
      );
      expect(new Set(starts?.map(({ length }) => length)).size).toBe(1);
      expect(stdout).toMatch(/^ {2}missing +stack keyturn-jobs +not deployed\n {18}start the local account anew: keyturn local start$/m);
      expect(stdout.trimEnd().split("\n").at(-1)).toBe("1 missing.");
    });
  });

  it("prints one JSON document", async () => {
    const { stdout, stderr } = await account.keyturn("doctor", "--json");
    expect(stderr).toBe("");
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ isWell: true, findings: expect.any(Array) });
  });

  it("changes nothing: all that it calls only reads", async () => {
    await account.keyturn("doctor");
    const trail = signedIn(CloudTrailClient, account.local.administrator, account.local);
    const called = new Set<string>();
    const LookupAttributes: LookupAttribute[] = [{ AttributeKey: "Username", AttributeValue: "auditor" }];
    for await (const { Events = [] } of paginateLookupEvents({ client: trail }, { LookupAttributes })) {
      for (const { EventName = "" } of Events) called.add(EventName);
    }
    trail.destroy();
    expect([...called]).toEqual(expect.arrayContaining(["DescribeStacks", "GetTemplate", "DescribeSecret", "ListMFADevices"]));
    expect([...called].filter((name) => !/^(Get|Describe|List)/.test(name) || name === "GetSecretValue")).toEqual([]);
  });
});

describe("a stack", () => {
  it("that is not deployed is missing, with the command that deploys it", async () => {
    await recordedAs("keyturn-workflow", { name: "elsewhere" }, async () => {
      const ended = await examinedAsAws();
      expect(ended.code).toBe(1);
      expect(report(ended).findings).toContainEqual({
        check: "stack keyturn-workflow",
        standing: "missing",
        found: "not deployed",
        wayOut: "npx cdk deploy keyturn-workflow",
      });
    });
  });

  it("whose template differs is warned of, by the names of what differs", async () => {
    const { Resources, ...rest } = templateOf("keyturn-keys");
    const [[changed, resource], [gone], ...others] = Object.entries(Resources) as [
      [string, { Properties?: object }],
      [string, object],
      ...[string, object][],
    ];
    const templateText = JSON.stringify({
      ...rest,
      Resources: {
        ...Object.fromEntries(others),
        [changed]: { ...resource, Properties: { ...resource.Properties, Description: "by hand" } },
        Added: { Type: "AWS::SNS::Topic" },
      },
    });
    await recordedAs("keyturn-keys", { templateText }, async () => {
      const { code, of } = await examined();
      expect(code).toBe(0);
      const [finding] = of("stack keyturn-keys");
      expect(finding?.standing).toBe("warning");
      expect(finding?.found).toContain("3 parts");
      for (const name of [changed, `${gone} (new)`, "Added (gone)"]) expect(finding?.found).toContain(name);
    });
  });
});

describe("what counts as a difference between templates", () => {
  const resource = { Type: "AWS::SNS::Topic", Properties: { DisplayName: "Grüße" }, Metadata: { "aws:cdk:path": "a" } };
  const ours = JSON.stringify({ Resources: { Topic: resource }, Parameters: { BootstrapVersion: {} }, Rules: { a: {} } });

  it.each([
    ["metadata", { Resources: { Topic: { ...resource, Metadata: { "aws:cdk:path": "b" } } } }],
    ["the CDK's own metadata resource", { Resources: { Topic: resource, CDKMetadata: { Type: "AWS::CDK::Metadata" } } }],
    ["parameters and rules", { Resources: { Topic: resource } }],
    [
      "letters that CloudFormation gives back as question marks",
      { Resources: { Topic: { ...resource, Properties: { DisplayName: "Gr??e" } } } },
    ],
    ["the order of properties", { Resources: { Topic: { Properties: resource.Properties, Type: resource.Type } } }],
  ])("%s: no", (_what, deployed) => {
    expect(templateDrift(JSON.stringify(deployed), ours)).toEqual([]);
  });

  it.each([
    ["a property", { Resources: { Topic: { ...resource, Properties: { DisplayName: "Hello" } } } }, ["Topic"]],
    ["what happens to it on deletion", { Resources: { Topic: { ...resource, DeletionPolicy: "Retain" } } }, ["Topic"]],
    ["an output", { Resources: { Topic: resource }, Outputs: { Out: { Value: "1" } } }, ["Outputs.Out (gone)"]],
    ["a condition", { Resources: { Topic: resource }, Conditions: { Is: {} } }, ["Conditions.Is (gone)"]],
    ["a resource that is not deployed yet", { Resources: {} }, ["Topic (new)"]],
  ])("%s: yes", (_what, deployed, differing) => {
    expect(templateDrift(JSON.stringify(deployed), ours)).toEqual(differing);
  });
});

describe("an account that is not well", () => {
  let unwell: PopulatedAccount;
  let ended: Ended;
  beforeAll(async () => {
    unwell = await startPopulatedAccount(config, { port: 0, assembly: (await synthesise(repositoryRoot)).assembly });
    const iam = signedIn(IAMClient, unwell.administrator, unwell);
    const SerialNumber = unwell.admins.get("bob")?.device.serialNumber;
    await iam.send(new DeactivateMFADeviceCommand({ UserName: "bob", SerialNumber }));
    iam.destroy();
    await unwell.emulator.clock.advance(20_000);
    const configFile = await writeConfigFile({ auditor: { credentials: unwell.people.auditor } }, unwell);
    ended = await examinedAsAws({ AWS_CONFIG_FILE: configFile.path });
    await configFile.remove();
  });
  afterAll(() => unwell?.emulator.stop());

  const of = (check: string): readonly Finding[] => report(ended).findings.filter((finding) => finding.check === check);

  it("warns of a clock of this machine that is 20 s behind AWS's, with what sets it", () => {
    const [finding] = of("clock");
    expect(finding).toMatchObject({ standing: "warning", wayOut: expect.stringMatching(/timedatectl|sntp|w32tm|time server/) });
    expect(finding?.found).toMatch(/^(19|20|21) s behind AWS's: one-time codes/);
  });

  it("misses the device of an admin who has none, with the command that enrols one", () => {
    expect(ended.code).toBe(1);
    expect(of("admin bob")).toEqual([
      {
        check: "admin bob",
        standing: "missing",
        found: "no MFA device",
        wayOut: "keyturn admin remove bob, then keyturn admin enroll bob",
      },
    ]);
    expect(of("admin alice")[0]?.standing).toBe("ok");
  });
});

describe("an admin", () => {
  const key = { id: "AKIAEXAMPLE", isActive: true, createdAtMs: 0 };
  const device = { serialNumber: "arn:aws:iam::111122223333:mfa/keyturn/alice", enabledAtMs: 0 };
  const secret = { kind: "key", accessKeyId: key.id, versionId: "1" } as const;
  const scheduled = { isEnabled: config.rotation !== undefined };
  const well = {
    admin: "alice",
    hasUser: true,
    isInGroup: true,
    keys: [key],
    devices: [device],
    secret,
    staleLabels: [],
    scheduled,
  } as const;
  const nowMs = (): number => 1000;

  it.each<[what: string, state: CredentialState, standing: Standing, wayOut: string | undefined]>([
    ["who has all", well, "ok", undefined],
    ["without a user", { ...well, hasUser: false, isInGroup: false }, "missing", "npx cdk deploy --all"],
    ["without a key", { ...well, keys: [] }, "missing", "keyturn admin rotate alice --local"],
    ["without a value in the secret", { ...well, secret: { kind: "unwritten" } }, "missing", "keyturn admin rotate alice --local"],
    ["with a second key", { ...well, keys: [key, { ...key, id: "AKIAOTHER" }] }, "warning", "keyturn admin rotate alice --local"],
    ["whom nobody configured", { ...well, admin: "eve" }, "warning", "keyturn admin remove eve --local, then npx cdk deploy --all"],
  ])("%s", (_what, state, standing, wayOut) => {
    const [finding] = adminFindings(state, { nowMs, isLocal: true });
    expect([finding?.standing, finding?.wayOut]).toEqual([standing, wayOut]);
  });
});

describe("who may see less", () => {
  it("is told line by line which policy would tell, and what could be seen", async () => {
    const { code, of } = await examined("--profile", "operator");
    expect(code).toBe(1);
    expect(of("credentials")[0]?.standing).toBe("ok");
    for (const [check, action] of [
      ["stack keyturn-identity", "cloudformation:DescribeStacks"],
      ["admins", "iam:GetGroup"],
    ] as const) {
      const [finding] = of(check);
      expect(finding).toMatchObject({ standing: "cannot tell", wayOut: expect.stringContaining("KeyturnAuditor") });
      expect(finding?.found).toContain(action);
    }
  });

  it("is told so of the bootstrap and the quotas too", async () => {
    const { findings } = report(await examinedAsAws({}, "operator"));
    const untold = findings.filter(({ standing }) => standing === "cannot tell").map(({ check }) => check);
    expect(untold).toEqual(expect.arrayContaining(["CDK bootstrap", "quota Fargate vCPUs", "quota Lambda concurrency"]));
  });

  it("without credentials is told what is missing of this machine, and how to sign in", async () => {
    const ended = await examinedAsAws({}, "nobody");
    expect(ended.code).toBe(1);
    const { findings } = report(ended);
    expect(findings.find(({ check }) => check === "Node")?.standing).toBe("ok");
    expect(findings.find(({ check }) => check === "credentials")).toMatchObject({
      standing: "missing",
      wayOut: expect.stringContaining("Sign in"),
    });
  });
});

describe("an account of AWS's", () => {
  it("that is not bootstrapped, or too long ago, is told the command; the version that the stacks ask for is enough", async () => {
    const ssm = signedIn(SSMClient, account.local.administrator, account.local);
    const bootstrap = async (): Promise<Finding | undefined> =>
      report(await examinedAsAws()).findings.find(({ check }) => check === "CDK bootstrap");
    const put = (Value: string) =>
      ssm.send(new PutParameterCommand({ Name: "/cdk-bootstrap/hnb659fds/version", Value, Type: "String", Overwrite: true }));
    const wayOut = `npx cdk bootstrap aws://${account.local.account}/${config.region}`;
    expect(await bootstrap()).toMatchObject({ standing: "missing", wayOut });
    await put("5");
    expect(await bootstrap()).toMatchObject({ standing: "missing", found: "version 5, but the stacks ask for 6", wayOut });
    await put("6");
    expect(await bootstrap()).toMatchObject({ standing: "ok" });
    await ssm.send(new DeleteParameterCommand({ Name: "/cdk-bootstrap/hnb659fds/version" }));
    ssm.destroy();
  });

  it("whose quota is below limits.vcpus is told how to raise it", async () => {
    const { findings } = report(await examinedAsAws());
    expect(findings.find(({ check }) => check === "quota Fargate vCPUs")).toMatchObject({
      standing: "warning",
      wayOut: `aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 --desired-value ${config.limits.vcpus} --region ${config.region}`,
    });
    expect(findings.find(({ check }) => check === "quota Lambda concurrency")).toMatchObject({ standing: "ok" });
  });

  it("is deployed to from a machine that can build images, or there is a warning", async () => {
    const { findings } = report(await examinedAsAws({ CDK_DOCKER: "no-such-engine" }));
    expect(findings.find(({ check }) => check === "container engine")).toMatchObject({
      standing: "warning",
      found: expect.stringContaining("no no-such-engine on the PATH"),
    });
    const found = report(await examinedAsAws({ CDK_DOCKER: process.execPath })).findings;
    expect(found.find(({ check }) => check === "container engine")?.standing).toBe("ok");
  });

  it("is not where the AWS CLI would ask, if that is set to another region", async () => {
    const { findings } = report(await examinedAsAws({ AWS_REGION: "eu-west-1" }));
    expect(findings.find(({ check }) => check === "region")).toMatchObject({
      standing: "warning",
      wayOut: `export AWS_REGION=${config.region}`,
    });
  });
});

describe("a stack's status", () => {
  const commands = { deploy: "deploy", compare: "compare", rollBack: "roll back", remove: "remove", watch: "watch" };

  it.each([
    ["CREATE_COMPLETE", ["ok"]],
    ["UPDATE_COMPLETE", ["ok"]],
    ["UPDATE_ROLLBACK_COMPLETE", ["warning", "deploy"]],
    ["UPDATE_IN_PROGRESS", ["warning", "watch"]],
    ["CREATE_IN_PROGRESS", ["missing", "watch"]],
    ["DELETE_IN_PROGRESS", ["missing", "watch"]],
    ["REVIEW_IN_PROGRESS", ["missing", "deploy"]],
    ["UPDATE_ROLLBACK_FAILED", ["missing", "roll back"]],
    ["ROLLBACK_COMPLETE", ["missing", "remove"]],
    ["CREATE_FAILED", ["missing", "remove"]],
  ])("%s gives %j", (status, judgement) => {
    expect(standingOf(status, commands)).toEqual(judgement);
  });
});

describe("credentials", () => {
  it.each([
    [14, "warning"],
    [60, "ok"],
  ])("that end in %i minutes: %s", async (minutes, standing) => {
    const nowMs = Date.parse("2026-11-22T00:00:00Z");
    const credentials = async () => ({ accessKeyId: "", secretAccessKey: "", expiration: new Date(nowMs + minutes * 60_000) });
    const caller = { arn: "arn:aws:iam::111122223333:user/eve", account: "111122223333", partition: "aws" };
    const finding = await checkCredentials({ caller, options: { region: "us-east-1", credentials }, nowMs: () => nowMs });
    expect(finding.standing).toBe(standing);
  });
});

describe("Node", () => {
  it.each([
    ["24.1.0", ">=20", "ok"],
    ["20.0.0", ">=20", "ok"],
    ["20.9.1", ">=20.10", "missing"],
    ["18.20.0", ">=20", "missing"],
  ])("%s where package.json asks for %s is %s", (version, range, standing) => {
    expect(checkNode(version, range).standing).toBe(standing);
  });
});
