// The image's ENTRYPOINT: `env` first takes away what would change how Node starts or whom it trusts, for a submission may set any variable.

/**
 * Variables that act before the launcher's first line; all others it takes away itself (`surroundings.ts`).
 * Source: "Command-line API", environment variables, Node.js 24; "openssl-env", OpenSSL 3.5; ld.so(8).
 */
export const clearedVariables = [
  // Code and files that Node would load, write or print beside the launcher.
  "NODE_OPTIONS",
  "NODE_PATH",
  "NODE_PRESERVE_SYMLINKS",
  "NODE_PRESERVE_SYMLINKS_MAIN",
  "NODE_COMPILE_CACHE",
  "NODE_REPL_EXTERNAL_MODULE",
  "NODE_V8_COVERAGE",
  "NODE_REDIRECT_WARNINGS",
  "NODE_ICU_DATA",
  "NODE_DEBUG",
  "NODE_DEBUG_NATIVE",
  "NODE_TEST_CONTEXT",
  "NODE_CHANNEL_FD",
  "NODE_UNIQUE_ID",
  "WATCH_REPORT_DEPENDENCIES",
  // Whom it would trust, and by whom it would let its calls be carried.
  "NODE_EXTRA_CA_CERTS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_USE_SYSTEM_CA",
  "NODE_USE_ENV_PROXY",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "http_proxy",
  "https_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "OPENSSL_CONF",
  "OPENSSL_CONF_INCLUDE",
  "OPENSSL_MODULES",
  "OPENSSL_ENGINES",
  // The dynamic linker's. They act on `env` itself, which holds no secret; why that is harmless: docs/decisions/0002.
  "LD_PRELOAD",
  "LD_LIBRARY_PATH",
  "LD_AUDIT",
  "GLIBC_TUNABLES",
  "GCONV_PATH",
  "LOCPATH",
] as const;

/** Relative to WORKDIR, so that the context also runs where it lies; Batch appends the command, which thus can be no option of `env` or Node. */
export const entryPoint: readonly string[] = ["env", ...clearedVariables.flatMap((name) => ["-u", name]), "node", "launcher.mjs"];
