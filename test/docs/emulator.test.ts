// What docs/emulator.md says the emulator has is what it has.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/start.ts";
import { readPage, sectionOf, tableRows } from "./pages.ts";

const page = readPage("docs/emulator.md");
let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ account: "111122223333", region: "us-east-1" });
});

afterAll(() => emulator?.stop());

const names = (cell: string | undefined): string[] => (cell ?? "").split(", ").sort();
const plain = (cell: string | undefined): string => (cell ?? "").replaceAll("`", "");

describe("the emulator's page", () => {
  it("lists every service with every operation that answers", () => {
    const documented = tableRows(sectionOf(page, "What answers")).map(([service, operations]) => [plain(service), names(operations)]);
    const answering = emulator.gateway.services.map(({ endpointName, signingName, operations }) => [
      endpointName ?? signingName,
      Object.keys(operations).sort(),
    ]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(answering));
  });

  it("lists every resource type that a template may hold, and those that are refused by name", () => {
    const section = sectionOf(page, "What a template may hold");
    const listed = tableRows(section).flatMap(([namespace, types]) => names(types).map((type) => `${plain(namespace)}::${type}`));
    const refused = [...section.replaceAll(/^\|.*$/gm, "").matchAll(/`(AWS::\w+::\w+)`/g)].map(([, type = ""]) => type);
    expect([...listed, ...refused].sort()).toEqual(emulator.resourceTypes.map(({ type }) => type).sort());
  });
});
