// docs/architecture.md against what holds: the linter's import rules, the stacks, the states and the keys.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import biome from "../../biome.json" with { type: "json" };
import { repositoryRoot } from "../../cli/local/repository.ts";
import { roleNames, stateNames } from "../../core/naming.ts";
import { synthesise } from "../infra/synthesised.ts";
import { readPage, sectionOf, tableRows } from "./pages.ts";

const synthesised = synthesise();
const page = readPage("docs/architecture.md");
const plain = (cell: string | undefined): string => (cell ?? "").replaceAll("`", "");

const Restriction = z.object({
  includes: z.array(z.string()),
  linter: z.object({
    rules: z.object({
      style: z.object({
        noRestrictedImports: z.object({ options: z.object({ patterns: z.array(z.object({ group: z.array(z.string()) })) }) }),
      }),
    }),
  }),
});

/** Room → the rooms that the linter keeps it from importing; a room that does not exist yet is none. */
function forbidden(): Map<string, ReadonlySet<string>> {
  const restrictions = biome.overrides.flatMap((override) => Restriction.safeParse(override).data ?? []);
  const rooms = restrictions.map(({ includes, linter }) => {
    const groups = linter.rules.style.noRestrictedImports.options.patterns.flatMap(({ group }) => group);
    const names = groups.flatMap((group) => /^\.\.\/(\w+)\/\*\*$/.exec(group)?.[1] ?? []);
    return [includes[0]?.replace("/**", "") ?? "", new Set(names)] as const;
  });
  return new Map(rooms.filter(([room]) => existsSync(join(repositoryRoot, room))));
}

describe("the architecture's page", () => {
  it("gives each room the imports that the linter gives it", () => {
    const rules = forbidden();
    const rooms = [...rules.keys()];
    const allowed = rooms.map((room) => {
      const others = rooms.filter((other) => other !== room && !rules.get(room)?.has(other));
      return [`${room}/`, others.length === rooms.length - 1 ? ["every room"] : others.sort()];
    });
    const documented = tableRows(sectionOf(page, "Rooms")).map(([room, , imports = ""]) => [
      plain(room),
      imports === "–" ? [] : imports.split(", ").sort(),
    ]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(allowed));
  });

  it("has the stacks in the order of their deployment", () => {
    const documented = tableRows(sectionOf(page, "Stacks")).map(([stack]) => plain(stack));
    expect(documented).toEqual(synthesised.assembly.stacks.map(({ stackName }) => stackName));
  });

  it("draws every state", () => {
    const [drawing] = page.blocks;
    for (const state of Object.values(stateNames)) expect(drawing?.text).toContain(state);
  });

  it("names writer and reader of each key as the keys' policies do", () => {
    const principalsOf = (alias: string, action: string): string => {
      const target = synthesised.ofType("AWS::KMS::Alias").find(({ Properties }) => Properties.AliasName === `alias/keyturn/${alias}`);
      const key = synthesised.ofType("AWS::KMS::Key").find(({ stack, id }) => target?.Properties.TargetKeyId === `${stack}.${id}`);
      return JSON.stringify(
        key?.Properties.KeyPolicy.Statement.filter(({ Action }: { Action: string | string[] }) => [Action].flat().includes(action)),
      );
    };
    expect(principalsOf("mfa-session", "kms:GenerateDataKey")).toContain(`role/${roleNames.validateMfa}`);
    expect(principalsOf("mfa-session", "kms:Decrypt")).toContain(`role/${roleNames.retrieveCredentials}`);
    expect(principalsOf("job-credentials", "kms:GenerateDataKey")).toContain(`role/${roleNames.retrieveCredentials}`);
    expect(principalsOf("job-credentials", "kms:Decrypt")).toBe("[]");
    expect(principalsOf("job-credentials", "kms:ReEncryptFrom")).toContain(`role/${roleNames.authorizeSubmission}`);
    expect(principalsOf("jobs/announce", "kms:ReEncryptTo")).toContain(`role/${roleNames.authorizeSubmission}`);
    expect(principalsOf("jobs/announce", "kms:Decrypt")).toContain("role/LauncherAnnounce");
  });
});
