import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { jsonText, parseEnvironment, wholeNumber } from "../../tasks/environment.ts";

const Environment = z.object({ NAME: z.string(), COUNT: wholeNumber, LIST: jsonText(z.array(z.string())) });
const good = { NAME: "n", COUNT: "5", LIST: '["alice"]' };

describe("a task's environment", () => {
  it("is parsed once into what the task uses", () => {
    expect(parseEnvironment(Environment, { ...good, OTHER: "ignored" })).toEqual({ NAME: "n", COUNT: 5, LIST: ["alice"] });
  });

  it.each<[Record<string, string | undefined>, string]>([
    [{ ...good, NAME: undefined }, "NAME"],
    [{ ...good, COUNT: "5.5" }, "COUNT"],
    [{ ...good, COUNT: "" }, "COUNT"],
    [{ ...good, LIST: "[secret" }, "LIST"],
    [{ ...good, LIST: "[1]" }, "LIST"],
    [{}, "NAME, COUNT, LIST"],
  ])("%j is refused by the variables' names, never their values", (environment, names) => {
    expect(() => parseEnvironment(Environment, environment)).toThrow(
      new Error(`This function's environment lacks or misspells ${names}. Deploy the workflow stack again.`),
    );
  });
});
