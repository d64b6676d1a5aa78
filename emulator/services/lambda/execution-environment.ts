// An execution environment: one process of a function with its role session, its network interface and its log stream.

import type { ChildProcesses } from "../../processes/child-processes.ts";
import { type Init, LambdaProcess } from "../../processes/lambda-process.ts";
import { LogStream } from "../../processes/log-stream.ts";
import type { NetworkInterface, Subnets } from "../../processes/network-interface.ts";
import type { RuntimeApi } from "../../processes/runtime-api.ts";
import type { Environment, Gateway, RoleSession } from "../../service.ts";
import type { FunctionSession } from "./function-session.ts";
import type { FunctionDefinition } from "./functions.ts";
import { processEnvironment } from "./process-environment.ts";

export interface ExecutionDependencies {
  readonly environment: Environment;
  readonly gateway: Gateway;
  readonly subnets: Subnets;
  readonly processes: ChildProcesses;
  readonly runtimeApi: RuntimeApi;
  /** Told of events of a function's log that its role was not allowed to write. */
  readonly onLogLost?: (lost: { functionName: string; events: number; error: Error }) => void;
}

/** The process did not come up; `init` says how it failed and `lines` what it printed. */
export class InitFailure extends Error {
  override readonly name = "InitFailure";
  readonly init: Exclude<Init, { kind: "ready" }>;
  readonly log: LogStream;
  readonly lines: readonly string[];

  constructor(functionName: string, of: { init: Exclude<Init, { kind: "ready" }>; log: LogStream; lines: readonly string[] }) {
    super(`a process of ${functionName} did not start`);
    this.init = of.init;
    this.log = of.log;
    this.lines = of.lines;
  }
}

/** Lambda gives initialisation ten seconds, and what does not end then goes on at the cost of the first event's timeout. */
const initLimitMs = 10_000;

export class ExecutionEnvironment {
  readonly process: LambdaProcess;
  readonly log: LogStream;
  readonly session: RoleSession;
  readonly initMs: number;
  /** No event has been here yet. */
  isCold = true;
  isAlive = true;
  /** Where lines go beside the log; set while an event is here. */
  onLine: ((line: string) => void) | undefined;

  private constructor(of: { process: LambdaProcess; log: LogStream; session: RoleSession; initMs: number }) {
    this.process = of.process;
    this.log = of.log;
    this.session = of.session;
    this.initMs = of.initMs;
    void this.process.ended.then(() => {
      this.isAlive = false;
    });
  }

  /** Throws `InitFailure`, and AwsErrors where Lambda answers before any process starts (role, key, network). */
  static async start(
    definition: FunctionDefinition,
    of: { functionSession: FunctionSession; subnetId: string | undefined },
    dependencies: ExecutionDependencies,
  ): Promise<ExecutionEnvironment> {
    const { environment, gateway, processes, runtimeApi, subnets } = dependencies;
    const session = await of.functionSession.get();
    await of.functionSession.authorizeVariables(session);
    const log = logStream(definition, of.functionSession, dependencies);
    const networkInterface = of.subnetId === undefined ? undefined : subnets.attach(of.subnetId, definition.vpc?.securityGroupIds ?? []);
    const endpoint = await gateway.endpointFor(place(networkInterface));
    const printed: string[] = [];
    let started: ExecutionEnvironment | undefined;
    const onLine = (line: string): void => {
      log.stream.write(environment.clock.now(), line);
      if (started === undefined) printed.push(line);
      else started.onLine?.(line);
    };
    log.stream.write(environment.clock.now(), initLine(definition, environment.clock.now()));
    const beganAt = performance.now();
    const release = async (): Promise<void> => {
      networkInterface?.release();
      await endpoint.close();
    };
    const variables = processEnvironment(definition, {
      region: environment.region,
      session,
      endpointUrl: endpoint.url,
      logStream: log.name,
    });
    let process: LambdaProcess;
    try {
      process = await LambdaProcess.start({ processes, runtimeApi, taskRoot: definition.taskRoot, environment: variables, onLine });
    } catch (error) {
      await release();
      throw error;
    }
    void process.ended.then(release);
    const limit = environment.clock.at(environment.clock.now() + initLimitMs + definition.timeoutSeconds * 1000, () => void process.kill());
    const init = await process.init;
    limit.cancel();
    if (init.kind !== "ready") {
      await process.kill();
      throw new InitFailure(definition.name, { init, log: log.stream, lines: printed });
    }
    started = new ExecutionEnvironment({ process, log: log.stream, session, initMs: performance.now() - beganAt });
    return started;
  }
}

const place = (of: NetworkInterface | undefined) => (of === undefined ? undefined : { vpcId: of.vpcId, subnetId: of.subnetId, ip: of.ip });

function initLine(definition: FunctionDefinition, nowMs: number): string {
  if (definition.logging.format === "Text") return `INIT_START Runtime Version: ${definition.runtime}.${process.version}`;
  const record = { initializationType: "on-demand", phase: "init", runtimeVersion: `${definition.runtime}.${process.version}` };
  return JSON.stringify({
    time: new Date(nowMs).toISOString(),
    type: "platform.initStart",
    record: { ...record, functionName: definition.name, functionVersion: definition.version },
  });
}

function logStream(
  definition: FunctionDefinition,
  functionSession: FunctionSession,
  { environment, onLogLost }: ExecutionDependencies,
): { name: string; stream: LogStream } {
  const day = new Date(environment.clock.now()).toISOString().slice(0, 10).replaceAll("-", "/");
  // A log group that is not Lambda's own may be shared: the stream's name then says whose it is.
  const owner = definition.logging.group === `/aws/lambda/${definition.name}` ? "" : definition.name;
  const name = `${day}/${owner}[${definition.version}]${Buffer.from(environment.randomBytes(16)).toString("hex")}`;
  const stream = new LogStream({
    client: () => functionSession.logsClient(),
    group: definition.logging.group,
    stream: name,
    createsGroup: true,
    onLost: (error, events) => onLogLost?.({ functionName: definition.name, events, error }),
  });
  return { name, stream };
}
