// The variables a function's process sees: those that AWS documents, the function's own, and the endpoint of its network interface.

import { dirname } from "node:path";
import type { RoleSession } from "../../service.ts";
import type { FunctionDefinition } from "./functions.ts";

/**
 * Source: "Defined runtime environment variables", AWS Lambda Developer Guide. Not set: what describes the parts of AWS's runtime that do not
 * exist here (`LAMBDA_RUNTIME_DIR`, `LD_LIBRARY_PATH`, `NODE_PATH`, the X-Ray daemon's).
 */
export function processEnvironment(
  definition: FunctionDefinition,
  of: { region: string; session: RoleSession; endpointUrl: string; logStream: string },
): Record<string, string> {
  const { logging } = definition;
  return {
    ...definition.variables,
    _HANDLER: definition.handler,
    AWS_REGION: of.region,
    AWS_DEFAULT_REGION: of.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: definition.version,
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: logging.group,
    AWS_LAMBDA_LOG_STREAM_NAME: of.logStream,
    ...(logging.format === "JSON" ? { AWS_LAMBDA_LOG_FORMAT: "JSON", AWS_LAMBDA_LOG_LEVEL: logging.applicationLevel } : {}),
    AWS_ACCESS_KEY_ID: of.session.accessKeyId,
    AWS_SECRET_ACCESS_KEY: of.session.secretAccessKey,
    AWS_SESSION_TOKEN: of.session.sessionToken,
    AWS_ENDPOINT_URL: of.endpointUrl,
    LAMBDA_TASK_ROOT: definition.taskRoot,
    LANG: "en_US.UTF-8",
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    TZ: ":UTC",
  };
}

/** Names that a function's own environment may not use. */
export const reservedVariables: ReadonlySet<string> = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_DEFAULT_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_LAMBDA_RUNTIME_API",
  "AWS_REGION",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "LAMBDA_RUNTIME_DIR",
  "LAMBDA_TASK_ROOT",
]);
