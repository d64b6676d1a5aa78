// Every call goes through here: found, authenticated, parsed, authorised, run and written, whoever makes it and from wherever.

import { AwsError, notImplemented } from "../aws-error.ts";
import { Faults } from "../faults.ts";
import type { Call, Caller, Credentials, Environment, Gateway, Origin, Permission, Service } from "../service.ts";
import { authenticate, claimOf, dialectOf, signatureFault } from "./authenticate.ts";
import { type Asked, authorizePassage, authorizePermission, authorizeServicePrincipal, deniedCode, isAuthorized } from "./authorize.ts";
import { type CallRecord, type EndedCall, endedCall, recordOf, type Trace } from "./call-record.ts";
import type { EndpointRoute, EndpointRoutes, Identities } from "./identities.ts";
import { inProcessOptions } from "./in-process.ts";
import { checkRequired } from "./input-shape.ts";
import { type Listener, listen } from "./listener.ts";
import { readModel, type ServiceModel } from "./model.ts";
import { type Protocol, protocolOf } from "./protocol.ts";
import { readSignature } from "./signature.ts";
import { Unreachable, type WireRequest, type WireResponse } from "./wire.ts";

export interface GatewayOptions {
  readonly environment: Environment;
  readonly identities: Identities;
  readonly routes: EndpointRoutes;
  readonly onCall?: (record: CallRecord) => void;
}

interface Mounted {
  readonly service: Service;
  readonly name: string;
  readonly protocol: Protocol;
  model?: Promise<ServiceModel>;
}

const outside: Origin = { sourceIp: "127.0.0.1" };

export class EmulatorGateway implements Gateway {
  /** Calls that are to fail; none unless a test adds one. */
  readonly faults = new Faults();
  readonly #options: GatewayOptions;
  readonly #services = new Map<string, Mounted>();
  readonly #listeners = new Set<Listener>();
  readonly #observers: ((ended: EndedCall) => void)[] = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Makes a service answer. Its SDK model is loaded on its first call. */
  mount(service: Service): void {
    const name = service.endpointName ?? service.signingName;
    if (this.#services.has(service.signingName)) throw new Error(`two services sign as ${service.signingName}`);
    this.#services.set(service.signingName, { service, name, protocol: protocolOf(service.protocol, name) });
  }

  /** Shows `observer` every call as it ends, refused ones included. */
  observe(observer: (ended: EndedCall) => void): void {
    this.#observers.push(observer);
  }

  /** Every service that answers. */
  get services(): readonly Service[] {
    return [...this.#services.values()].map(({ service }) => service);
  }

  /** Answers one request. Throws `Unreachable` where its network interface has no way to the service. */
  async handle(request: WireRequest, origin: Origin): Promise<WireResponse> {
    const trace = this.#trace(origin, []);
    const userAgent = request.headers["user-agent"];
    if (userAgent !== undefined) trace.userAgent = userAgent;
    let mounted: Mounted | undefined;
    try {
      mounted = this.#find(request);
      trace.service = mounted.name;
      const response = await this.#answer(request, mounted, trace);
      this.#record(trace);
      return response;
    } catch (thrown) {
      this.#record(trace, thrown);
      if (thrown instanceof Unreachable) throw thrown;
      const model = await mounted?.model;
      const protocol = mounted?.protocol ?? protocolOf(guessProtocol(request), "");
      return protocol.writeError(asAwsError(thrown), { model, request, requestId: trace.requestId });
    }
  }

  async #answer(received: WireRequest, mounted: Mounted, trace: Trace): Promise<WireResponse> {
    const { environment, identities } = this.#options;
    const { service, protocol } = mounted;
    const endpoint = this.#endpointOf(trace.origin, mounted);
    const dialect = dialectOf(service.protocol);
    const { identity, region, request } = authenticate(received, claimOf(received, dialect), {
      identities,
      nowMs: environment.clock.now(),
      region: environment.region,
      dialect,
    });
    trace.caller = identity.caller;
    identities.noteUse(identity.caller.accessKeyId, { serviceName: mounted.name, region, atMs: trace.startedAtMs });
    const model = await this.#modelOf(mounted);
    const { operation, labels } = protocol.findOperation(request, model, service);
    trace.operation = operation.name;
    trace.model = operation;
    const input = await protocol.readInput(request, operation, labels);
    trace.input = input;
    checkRequired(operation, input, dialect === "query" ? "ValidationError" : "ValidationException");
    const output = await this.#run(mounted, { input, caller: identity.caller, region, endpoint, trace });
    trace.output = output;
    return protocol.writeOutput(output, operation, trace.requestId);
  }

  /** Authorises and runs one operation for a caller already known. */
  async #run(
    mounted: Mounted,
    of: { input: object; caller: Caller; region: string; endpoint: EndpointRoute | undefined; trace: Trace },
  ): Promise<object> {
    const { input, caller, region, endpoint, trace } = of;
    const name = trace.operation ?? "";
    const operation = Object.hasOwn(mounted.service.operations, name) ? mounted.service.operations[name] : undefined;
    if (operation === undefined) throw notImplemented(`${mounted.name}:${name}`);
    const fault = this.faults.strike({ service: mounted.name, operation: name, caller });
    if (fault !== undefined) throw fault;
    const call: Call = {
      requestId: trace.requestId,
      nowMs: this.#options.environment.clock.now(),
      caller,
      origin: trace.origin,
      calledVia: trace.calledVia,
      forward: (asService, service, forwarded, forwardedInput) =>
        this.#forward({ asService, service, operation: forwarded, input: forwardedInput, caller, region, trace }),
      allows: (permission) => isAuthorized(permission, asked),
    };
    // The operation's own input type is erased in `Service`; the SDK's schema is what shaped this input.
    const typedInput = input as never;
    const asked = this.#asked(mounted, { call, region, endpoint });
    const permissions = await operation.permissions(typedInput, call);
    if (permissions.length === 0) authorizePassage(`${mounted.name}:${name}`, asked);
    for (const permission of permissions) authorizePermission(permission, asked);
    return operation.run(typedInput, call);
  }

  async #forward(of: {
    asService: string;
    service: string;
    operation: string;
    input: object;
    caller: Caller;
    region: string;
    trace: Trace;
  }): Promise<unknown> {
    const mounted = this.#services.get(of.service);
    if (mounted === undefined) throw notImplemented(`The service ${of.service}, which ${of.asService} calls,`);
    const trace = this.#trace(of.trace.origin, [...of.trace.calledVia, of.asService]);
    Object.assign(trace, { service: mounted.name, operation: of.operation, caller: of.caller });
    try {
      const output = await this.#run(mounted, { input: of.input, caller: of.caller, region: of.region, endpoint: undefined, trace });
      this.#record(trace);
      return output;
    } catch (error) {
      this.#record(trace, error);
      throw error;
    }
  }

  #asked({ service, name }: Mounted, of: { call: Call; region: string; endpoint: EndpointRoute | undefined }): Asked {
    const { caller, origin, calledVia, nowMs } = of.call;
    return {
      caller,
      policies: this.#options.identities.policiesOf(caller),
      origin,
      endpoint: of.endpoint,
      calledVia,
      nowMs,
      region: of.region,
      account: this.#options.environment.account,
      code: deniedCode(service.protocol, name),
    };
  }

  clientOptions(credentials: Credentials, origin: Origin = outside): object {
    const { region, clock } = this.#options.environment;
    return inProcessOptions({ handle: (request, from) => this.handle(request, from), credentials, origin, region, now: () => clock.now() });
  }

  async endpointFor(from?: { vpcId: string; subnetId: string; ip: string }): Promise<{ url: string; close(): Promise<void> }> {
    return this.listen(from === undefined ? {} : { origin: { sourceIp: from.ip, vpc: from } });
  }

  /** Opens an endpoint; `port` 0 or none takes a free one. */
  async listen(of: { port?: number; origin?: Origin }): Promise<Listener> {
    const listener = await listen({
      handle: (request, from) => this.handle(request, from),
      origin: of.origin ?? outside,
      now: () => this.#options.environment.clock.now(),
      ...(of.port !== undefined && { port: of.port }),
    });
    const tracked: Listener = {
      ...listener,
      close: () => {
        this.#listeners.delete(tracked);
        return listener.close();
      },
    };
    this.#listeners.add(tracked);
    return tracked;
  }

  async authorizeService(of: { service: string; sourceArn: string; permission: Permission }): Promise<void> {
    const { account, region, clock } = this.#options.environment;
    authorizeServicePrincipal(of.permission, { service: of.service, sourceArn: of.sourceArn, account, region, nowMs: clock.now() });
  }

  async authorize(of: { credentials: Credentials; permission: Permission; origin?: Origin }): Promise<void> {
    const { account, region, clock } = this.#options.environment;
    const identity = this.#options.identities.find(of.credentials.accessKeyId);
    if (identity === undefined) throw new AwsError("UnrecognizedClientException", "The security token included in the request is invalid.");
    authorizePermission(of.permission, {
      caller: identity.caller,
      policies: this.#options.identities.policiesOf(identity.caller),
      origin: of.origin ?? outside,
      endpoint: undefined,
      calledVia: [],
      nowMs: clock.now(),
      region,
      account,
      code: "AccessDeniedException",
    });
  }

  /** Closes every endpoint that is still open. */
  async stop(): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
  }

  #find(request: WireRequest): Mounted {
    const claim = readSignature(request);
    const mounted = typeof claim === "object" ? this.#services.get(claim.service) : this.#guessService(request);
    if (mounted !== undefined) return mounted;
    if (typeof claim === "object") throw notImplemented(`The service ${claim.service}`);
    throw signatureFault(claim, dialectOf(guessProtocol(request)));
  }

  /** Unsigned calls name no service; any that speaks the request's protocol words the refusal. */
  #guessService(request: WireRequest): Mounted | undefined {
    const protocol = guessProtocol(request);
    return [...this.#services.values()].find(({ service }) => service.protocol === protocol);
  }

  #endpointOf({ vpc }: Origin, { name }: Mounted): EndpointRoute | undefined {
    if (vpc === undefined) return undefined;
    const route = this.#options.routes.route(vpc, name);
    if ("unreachable" in route) throw new Unreachable(route.unreachable);
    return route;
  }

  async #modelOf(mounted: Mounted): Promise<ServiceModel> {
    mounted.model ??= mounted.service.model().then(readModel);
    return mounted.model;
  }

  #trace(origin: Origin, calledVia: readonly string[]): Trace {
    const { environment } = this.#options;
    return { requestId: environment.uuid(), startedAtMs: environment.clock.now(), origin, calledVia };
  }

  #record(trace: Trace, thrown?: unknown): void {
    const record = recordOf(trace, this.#options.environment.clock.now(), thrown);
    this.#options.onCall?.(record);
    for (const observer of this.#observers) observer(endedCall(record, trace));
  }
}

/** A fault of the emulator's own is told to whoever runs it, and to the caller as AWS tells its own. */
function asAwsError(cause: unknown): AwsError {
  if (cause instanceof AwsError) return cause;
  if (cause instanceof URIError) return new AwsError("InvalidURI", "The path or the query is not well percent-encoded.", { cause });
  console.error("The emulator failed inside a call:", cause);
  return new AwsError("InternalFailure", "The request processing has failed because of an unknown error, exception or failure.", {
    statusCode: 500,
    cause,
  });
}

function guessProtocol(request: WireRequest): Service["protocol"] {
  if (request.headers["x-amz-target"] !== undefined) return "awsJson1_1";
  if (request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) return "awsQuery";
  return request.headers["content-type"] === "application/json" ? "restJson1" : "restXml";
}
