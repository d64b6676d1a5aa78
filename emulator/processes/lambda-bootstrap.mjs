// The Lambda runtime inside a function's process: loads the handler and serves it from the Runtime API, as AWS's Node.js runtime does.

import { access } from "node:fs/promises";
import { enableCompileCache, flushCompileCache } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { formatWithOptions } from "node:util";

// Not imported: an import of it loads all of `fetch`, which AWS's runtime leaves to the function as well.
const { Agent, request } = process.getBuiltinModule("node:http");
const environment = process.env;
const runtimeUrl = `http://${environment.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const isJsonLog = environment.AWS_LAMBDA_LOG_FORMAT === "JSON";
const levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const lowestLevel = Math.max(0, levels.indexOf(environment.AWS_LAMBDA_LOG_LEVEL ?? "TRACE"));

let requestId;

/** Runtime.* names are Lambda's own; everything else keeps the handler's error name. */
class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = `Runtime.${name}`;
  }
}

function call(method, path, { body, headers = {}, through = agent } = {}) {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const length = bytes === undefined ? {} : { "content-length": bytes.length, "content-type": "application/json" };
    const sent = request(`${runtimeUrl}${path}`, { method, agent: through, headers: { ...headers, ...length } }, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(pieces).toString("utf8") }));
    });
    sent.on("error", reject);
    sent.end(bytes);
  });
}

function describeError(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split("\n") ?? [] };
}

const sendError = (path, description, through = agent) =>
  call("POST", path, {
    body: JSON.stringify(description),
    headers: { "lambda-runtime-function-error-type": description.errorType },
    through,
  });

function logFailure(title, { errorType, errorMessage, trace }) {
  const stack = trace.map((frame) => frame.trim());
  if (isJsonLog) logLine("ERROR", [{ errorType, errorMessage, stackTrace: stack.slice(1) }]);
  else logLine("ERROR", [`${title} \t${JSON.stringify({ errorType, errorMessage, stack })}`]);
}

function logLine(level, message) {
  const timestamp = new Date().toISOString();
  if (!isJsonLog) {
    // A carriage return stands for a line end inside one log event.
    process.stdout.write(`${timestamp}\t${requestId}\t${level}\t${formatWithOptions({}, ...message).replaceAll("\n", "\r")}\n`);
    return;
  }
  const only = message.length === 1 ? message[0] : undefined;
  const error = message.find((part) => part instanceof Error);
  const content = typeof only === "object" && only !== null && !(only instanceof Error) ? only : formatWithOptions({}, ...message);
  const record = { timestamp, level, requestId, message: content };
  if (error !== undefined) {
    const { errorType, errorMessage, trace } = describeError(error);
    Object.assign(record, { errorType, errorMessage, stackTrace: trace.slice(1).map((frame) => frame.trim()) });
  }
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

const consoleLevels = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR" };
for (const [method, level] of Object.entries(consoleLevels)) {
  console[method] = (...message) => {
    if (!isJsonLog || levels.indexOf(level) >= lowestLevel) logLine(level, message);
  };
}

/** The function's clock is the emulator's, which a test may have moved. */
function follow(emulatorMs) {
  const RealDate = follow.RealDate;
  const offset = emulatorMs - RealDate.now();
  if (Math.abs(offset) < 1000) {
    globalThis.Date = RealDate;
    return;
  }
  globalThis.Date = class MovedDate extends RealDate {
    constructor(...parts) {
      if (parts.length === 0) super(RealDate.now() + offset);
      else super(...parts);
    }

    static now() {
      return RealDate.now() + offset;
    }
  };
}
follow.RealDate = Date;

async function moduleFile(name) {
  for (const extension of [".mjs", ".js", ".cjs"]) {
    const file = join(environment.LAMBDA_TASK_ROOT, name + extension);
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (exists) return file;
  }
  throw new RuntimeError("ImportModuleError", `Error: Cannot find module '${name}'`);
}

async function loadHandler(text) {
  const [, name, path] = /^(.*?)\.([^/]*)$/.exec(text) ?? [];
  if (name === undefined) throw new RuntimeError("MalformedHandlerName", `Bad handler ${text}`);
  const file = await moduleFile(name);
  let loaded;
  try {
    loaded = await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError("UserCodeSyntaxError", `SyntaxError: ${error.message}`);
    if (error?.code === "ERR_MODULE_NOT_FOUND" || error?.code === "MODULE_NOT_FOUND") {
      throw new RuntimeError("ImportModuleError", `Error: ${error.message}`);
    }
    throw error;
  }
  const find = (root) => path.split(".").reduce((value, member) => value?.[member], root);
  const handler = find(loaded) ?? find(loaded.default);
  if (handler === undefined) throw new RuntimeError("HandlerNotFound", `${text} is undefined or not exported`);
  if (typeof handler !== "function") throw new RuntimeError("HandlerNotFound", `${text} is not a function`);
  if (handler.length >= 3) {
    throw new RuntimeError(
      "CallbackHandlerDeprecated",
      "AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. Return a promise instead.",
    );
  }
  return handler;
}

const contextOf = (headers) => {
  const deadlineMs = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: headers["lambda-runtime-client-context"] ? JSON.parse(headers["lambda-runtime-client-context"]) : undefined,
    identity: undefined,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
};

function reportCrash(errorType, code) {
  return (reason) => {
    const description = { ...describeError(reason), errorType };
    logFailure("Uncaught Exception", description);
    const path = requestId === undefined ? "/init/error" : `/invocation/${requestId}/error`;
    // A connection of its own: the kept one may be waiting for the next invocation.
    sendError(path, description, false).finally(() => process.exit(code));
  };
}
process.on("uncaughtException", (error) => reportCrash(error?.name ?? "Runtime.UncaughtException", 129)(error));
process.on("unhandledRejection", reportCrash("Runtime.UnhandledPromiseRejection", 128));

enableCompileCache();
let handler;
try {
  handler = await loadHandler(environment._HANDLER);
} catch (error) {
  const description = describeError(error);
  logFailure("Uncaught Exception", description);
  await sendError("/init/error", description);
  process.exit(1);
}
// Written now: a process that is killed would never write it.
setImmediate(flushCompileCache);

for (;;) {
  // The emulator has gone: there is nothing left to serve.
  const next = await call("GET", "/invocation/next").catch(() => process.exit(0));
  follow(Number(next.headers["emulator-now-ms"]));
  requestId = next.headers["lambda-runtime-aws-request-id"];
  environment._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] ?? "";
  try {
    const result = await handler(JSON.parse(next.body), contextOf(next.headers));
    await call("POST", `/invocation/${requestId}/response`, { body: JSON.stringify(result) ?? "null" });
  } catch (error) {
    const description = describeError(error);
    logFailure("Invoke Error", description);
    await sendError(`/invocation/${requestId}/error`, description);
  }
}
