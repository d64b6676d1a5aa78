// `keyturn local start`: the local account, up until Ctrl-C, with profiles for the AWS CLI and every SDK.

import { renderUnicodeCompact } from "uqr";
import { stateMachineName } from "../../core/naming.ts";
import { giveBackMemoryWhenIdle } from "../../emulator/spare-memory.ts";
import config from "../../keyturn.config.ts";
import { command } from "../command.ts";
import { UsageError } from "../outcome.ts";
import { duration, table } from "../terminal.ts";
import { announceLocalAccount } from "./discovery.ts";
import { listenForInterruption } from "./interruption.ts";
import type { EnrolledAdmin, LocalAccount, PopulatedAccount } from "./local-account.ts";
import { type Profile, writeConfigFile } from "./profiles.ts";
import { repositoryRoot } from "./repository.ts";
import { synthesise } from "./synthesis.ts";

export const start = command({
  meta: { name: "start", description: "Run the local account until Ctrl-C, with Keyturn deployed into it." },
  args: {
    port: { type: "string", valueHint: "number", description: "Port on 127.0.0.1; a free one if left out." },
    bare: { type: "boolean", description: "An empty account with an administrator; nothing is deployed." },
    json: { type: "boolean", description: "Print one line of JSON when it is ready." },
  },
  examples: ["keyturn local start", "keyturn local start --port 4566", "keyturn local start --bare --json"],
  run: async ({ args }) => {
    const port = portOf(args.port);
    const interruption = listenForInterruption();
    try {
      const running = await bringUp({ port, bare: args.bare ?? false, signal: interruption.signal });
      const { local, configFile, withdraw } = running;
      try {
        console.log(args.json ? readyLine(running) : readyText(running));
        giveBackMemoryWhenIdle();
        await interruption.happened;
      } finally {
        await withdraw();
        await configFile.remove();
        await local.emulator.stop();
      }
    } catch (error) {
      // What an interruption breaks off halfway is no failure.
      if (!interruption.signal.aborted) throw error;
    } finally {
      interruption.release();
    }
  },
});

function portOf(given: string | undefined): number {
  if (given === undefined) return 0;
  const port = Number(given);
  if (/^\d{1,5}$/.test(given) && port <= 65_535) return port;
  throw new UsageError(`--port takes a number from 0 to 65535, not ${given}. See keyturn local start --help.`);
}

interface Running {
  readonly local: LocalAccount | PopulatedAccount;
  readonly admins: ReadonlyMap<string, EnrolledAdmin>;
  readonly configFile: Awaited<ReturnType<typeof writeConfigFile>>;
  /** From then on `--local` does not find it. */
  readonly withdraw: () => Promise<void>;
  /** Those meant to be used; others only serve as their source. */
  readonly profiles: readonly string[];
  readonly readyMs: number;
}

async function bringUp({ port, bare, signal }: { port: number; bare: boolean; signal: AbortSignal }): Promise<Running> {
  // Loaded while the child process synthesises.
  const [accounts, synthesis] = await Promise.all([
    import("./local-account.ts"),
    bare ? undefined : synthesise(repositoryRoot, { signal }),
  ]);
  const startedAtMs = performance.now();
  if (synthesis === undefined) {
    const local = await accounts.startBareAccount(config, { port });
    return withProfiles({
      local,
      admins: new Map(),
      profiles: { administrator: { credentials: local.administrator } },
      shown: ["administrator"],
      startedAtMs,
    });
  }
  const local = await accounts.startPopulatedAccount(config, { port, assembly: synthesis.assembly });
  const { operator, auditor, iamAdmin, reportReader } = local.people;
  const profiles = {
    operator: { credentials: operator },
    "iam-admin": { roleArn: iamAdmin.roleArn, sourceProfile: "iam-admin-session" },
    "iam-admin-session": { credentials: iamAdmin.session },
    auditor: { credentials: auditor },
    "report-reader": { roleArn: reportReader.roleArn, sourceProfile: "report-reader-session" },
    "report-reader-session": { credentials: reportReader.session },
  };
  return withProfiles({ local, admins: local.admins, profiles, shown: ["operator", "iam-admin", "auditor", "report-reader"], startedAtMs });
}

async function withProfiles(of: {
  local: LocalAccount;
  admins: ReadonlyMap<string, EnrolledAdmin>;
  profiles: Readonly<Record<string, Profile>>;
  shown: readonly string[];
  startedAtMs: number;
}): Promise<Running> {
  const { local, admins, shown } = of;
  try {
    const configFile = await writeConfigFile(of.profiles, local);
    const withdraw = await announceLocalAccount({ endpoint: local.endpoint, configFile: configFile.path });
    return { local, admins, configFile, withdraw, profiles: shown, readyMs: performance.now() - of.startedAtMs };
  } catch (error) {
    await local.emulator.stop();
    throw error;
  }
}

const readyLine = ({ local, admins, configFile, profiles }: Running): string =>
  JSON.stringify({
    endpoint: local.endpoint,
    region: local.region,
    account: local.account,
    configFile: configFile.path,
    profiles,
    admins: Object.fromEntries([...admins].map(([name, { device }]) => [name, { totpSeed: device.seed }])),
  });

const uses: Readonly<Record<string, string>> = {
  operator: "starts, answers, watches and stops runs",
  "iam-admin": "enrols admins (the role KeyturnIamAdmin, opened with MFA)",
  auditor: "reads records, histories, logs and policies",
  "report-reader": "reads what the jobs wrote (the role KeyturnReportReader, opened with MFA)",
  administrator: "may do everything; the account is empty",
};

function readyText({ local, admins, configFile, profiles, readyMs }: Running): string {
  const { account, region, endpoint } = local;
  const example =
    admins.size === 0
      ? ["aws --profile administrator sts get-caller-identity"]
      : [
          "aws --profile operator stepfunctions start-execution \\",
          `    --state-machine-arn arn:aws:states:${region}:${account}:stateMachine:${stateMachineName} \\`,
          `    --input '{"job": "credential-report", "admin": "${[...admins.keys()][0]}"}'`,
        ];
  const blocks = [
    `Account ${account} is up at ${endpoint} (${region}), ready in ${duration(readyMs)}.`,
    `In another terminal:\n\n  export AWS_CONFIG_FILE=${configFile.path}\n  ${example.join("\n  ")}`,
    ...(admins.size === 0 ? [] : ["Or:\n\n  npx keyturn run credential-report --local"]),
    `Profiles:\n${table(profiles.map((name) => [name, uses[name] ?? ""]))}`,
    ...[...admins].map(([name, admin]) => codesOf(name, admin)),
    "Ctrl-C ends it and keeps nothing.",
  ];
  return blocks.join("\n\n");
}

function codesOf(name: string, { device }: EnrolledAdmin): string {
  const seed = `One-time codes of ${name}: give an authenticator app the seed ${device.seed}`;
  return process.stdout.isTTY ? `${seed},\nor scan:\n\n${renderUnicodeCompact(device.uri)}` : `${seed}.`;
}
