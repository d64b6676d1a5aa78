// No child outlives the emulator: not a stop, not a kill, and neither do the children of children.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ChildProcesses } from "../../../emulator/processes/child-processes.ts";

const module = new URL("../../../emulator/processes/child-processes.ts", import.meta.url).href;

/** A program that holds a connection to the test for as long as it lives. */
const holding = (port: number): string =>
  `require("node:net").connect(${port}, "127.0.0.1").on("close", () => process.exit()); process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);`;

const server = createServer();
let port: number;
const processes: ChildProcesses[] = [];

beforeEach(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((of) => of.stop()));
  server.close();
});

function start(program: string, environment: Record<string, string> = {}) {
  const of = new ChildProcesses();
  processes.push(of);
  return { of, child: of.start({ file: process.execPath, arguments: ["-e", program], environment, folder: "/" }) };
}

const connection = async (): Promise<Socket> => (await once(server, "connection"))[0] as Socket;

const closed = async (socket: Socket): Promise<void> => {
  // A killed process resets its connection.
  socket.on("error", () => {});
  if (!socket.closed) await new Promise<void>((resolve) => socket.resume().once("close", () => resolve()));
};

it("gives a child its environment and nothing of its own", async () => {
  const child = await start("console.log(JSON.stringify(process.env))", { A: "1" }).child;
  let text = "";
  child.stdout.on("data", (piece: Buffer) => {
    text += piece.toString();
  });
  expect(await child.ended).toEqual({ code: 0, signal: null });
  expect(JSON.parse(text)).toEqual({ A: "1" });
});

it("says which program did not start", async () => {
  const of = new ChildProcesses();
  const command = { file: "/no/such/program", arguments: [], environment: {}, folder: "/" };
  await expect(of.start(command)).rejects.toThrow("/no/such/program in / did not start");
});

it("ends its children on stop, whatever they do about signals", async () => {
  const { of, child } = start(holding(port));
  const socket = await connection();
  await of.stop();
  await closed(socket);
  expect(await (await child).ended).toEqual({ code: null, signal: "SIGKILL" });
  await expect(of.start({ file: process.execPath, arguments: [], environment: {}, folder: "/" })).rejects.toThrow("stopping");
});

it("ends what a child started when the child ends", async () => {
  const program = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(holding(port))}], { stdio: "ignore" }); process.stdin.resume(); setTimeout(() => {}, 1e9);`;
  const { child } = start(program);
  const socket = await connection();
  (await child).kill("SIGKILL");
  await closed(socket);
});

it("ends its children when it is killed itself, even one that is busy", async () => {
  const busy = `require("node:net").connect(${port}, "127.0.0.1").on("connect", () => { for (;;); });`;
  const emulator = `
    const { ChildProcesses } = await import(${JSON.stringify(module)});
    await new ChildProcesses().start({ file: process.execPath, arguments: ["-e", ${JSON.stringify(busy)}], environment: {}, folder: "/" });
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", emulator], { stdio: "ignore" });
  const socket = await connection();
  parent.kill("SIGKILL");
  await once(parent, "exit");
  await closed(socket);
});
