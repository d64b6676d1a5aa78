#!/usr/bin/env node
// Finds a Node that can run the program: this one if it is new enough, else the one that npm installed with it.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const requiredMajor = 24;
const major = Number(process.versions.node.split(".")[0]);

if (major >= requiredMajor) {
  const { enableCompileCache } = await import("node:module");
  // What Node has made of the sources once, it need not make again. Kept in this folder, which others cannot write, unlike Node's own place.
  enableCompileCache(join(import.meta.dirname, "..", ".keyturn", "compile-cache"));
  const { main } = await import("./main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = installedNode();
  if (node === undefined) {
    console.error(
      `keyturn needs Node ${requiredMajor} or newer; this is Node ${process.versions.node}, and the package "node" that brings one is not installed.\n` +
        "Run `npm ci` in Keyturn's folder (without --omit=dev), or start keyturn with a newer Node.",
    );
    process.exitCode = 1;
  } else {
    const child = spawn(node, [import.meta.filename ?? process.argv[1], ...process.argv.slice(2)], { stdio: "inherit" });
    // A terminal sends Ctrl-C to both, a kill from elsewhere reaches only this process: handed on, the program may see it twice.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
    child.on("error", (error) => {
      console.error(`keyturn could not start ${node}: ${error.message}. Run \`npm ci\` again.`);
      process.exitCode = 1;
    });
    child.on("exit", (code, signal) => {
      if (signal === null) process.exitCode = code ?? 1;
      else {
        process.removeAllListeners(signal);
        process.kill(process.pid, signal);
      }
    });
  }
}

/** The binary of the npm package `node`, if it is there and new enough to be worth starting. */
function installedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve("node/package.json");
    const { version, bin } = createRequire(import.meta.url)(manifest);
    return Number(version.split(".")[0]) >= requiredMajor ? join(dirname(manifest), bin.node) : undefined;
  } catch {
    return undefined;
  }
}
