import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { announceLocalAccount, findLocalAccount } from "../../cli/local/discovery.ts";

let folder: string;
let configFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "discovery-"));
  configFile = join(folder, "aws-config");
  writeFileSync(configFile, "");
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

const endpoint = "http://127.0.0.1:4566";
const announced = (name: string, of: object): void => writeFileSync(join(folder, name), JSON.stringify(of));

it("an account that is up is found, by a file that only its owner can read, until it is withdrawn", async () => {
  const withdraw = await announceLocalAccount({ endpoint, configFile }, folder);
  expect(statSync(join(folder, `${process.pid}.json`)).mode & 0o777).toBe(0o600);
  expect(await findLocalAccount({}, folder)).toEqual({ pid: process.pid, endpoint, configFile });
  await withdraw();
  await expect(findLocalAccount({}, folder)).rejects.toThrow("No local account is up. Start one in another terminal: keyturn local start");
});

it.each<[string, () => object]>([
  ["its process is gone", () => ({ pid: 2 ** 30, endpoint, configFile })],
  ["its config file is gone", () => ({ pid: process.pid, endpoint, configFile: `${configFile}.gone` })],
])("what was left behind is removed when %s", async (_, of) => {
  announced("1.json", of());
  await expect(findLocalAccount({}, folder)).rejects.toThrow("No local account is up.");
  expect(readdirSync(folder)).toEqual(["aws-config"]);
});

it("of several the one counts that AWS_CONFIG_FILE names; without it they are listed", async () => {
  const other = join(folder, "other-config");
  writeFileSync(other, "");
  announced("1.json", { pid: process.pid, endpoint, configFile });
  announced("2.json", { pid: process.pid, endpoint: "http://127.0.0.1:4567", configFile: other });
  expect(await findLocalAccount({ AWS_CONFIG_FILE: other }, folder)).toMatchObject({ configFile: other });
  await expect(findLocalAccount({}, folder)).rejects.toThrow(`export AWS_CONFIG_FILE=${other}   # http://127.0.0.1:4567`);
});

it("nothing was ever started", async () => {
  await expect(findLocalAccount({}, join(folder, "none"))).rejects.toThrow("No local account is up.");
});
