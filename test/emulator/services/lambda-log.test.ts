// A function's log, as CloudWatch Logs has it: Lambda's lines and the function's own, under the function's role.

import { CreateLogGroupCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { describe, expect, it } from "vitest";
import { account, createFunction, invoke, lambda, lost, useFunctionAccount } from "../processes/function-account.ts";

useFunctionAccount();

describe("a function's log", () => {
  it("holds START, its lines, END and REPORT, and its tail comes back on request", async () => {
    await createFunction("prints", "index.prints");
    const { log, $metadata } = await invoke("prints", {}, { LogType: "Tail" });
    const id = $metadata.requestId;
    expect(log.split("\n")[0]).toBe(`START RequestId: ${id} Version: $LATEST`);
    expect(log).toMatch(new RegExp(`\\t${id}\\tINFO\\ta line\\nand its rest\\n`));
    expect(log).toContain("\nraw\n");
    expect(log).toMatch(
      /\nEND RequestId: .*\nREPORT RequestId: .*\tDuration: .* ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tInit Duration: .* ms\n$/,
    );
    await lambda.logsFlushed();
    const { events = [] } = await account.logsClient.send(new FilterLogEventsCommand({ logGroupName: "/aws/lambda/prints" }));
    expect(events.map(({ message }) => message?.split(/[ \t]/)[0])).toEqual(
      expect.arrayContaining(["INIT_START", "START", "raw", "END", "REPORT"]),
    );
    expect(events[0]?.logStreamName).toMatch(/^\d{4}\/\d{2}\/\d{2}\/\[\$LATEST\][0-9a-f]{32}$/);
  });

  it("holds platform events where its format is JSON, in its own group", async () => {
    await account.logsClient.send(new CreateLogGroupCommand({ logGroupName: "/own" }));
    await createFunction("json", "index.prints", { LoggingConfig: { LogFormat: "JSON", LogGroup: "/own" } });
    await invoke("json");
    await lambda.logsFlushed();
    const { events = [] } = await account.logsClient.send(new FilterLogEventsCommand({ logGroupName: "/own" }));
    const records = events.filter(({ message }) => message !== "raw").map(({ message }) => JSON.parse(message ?? ""));
    expect(records.map((of) => of.type ?? of.level)).toEqual(["platform.initStart", "platform.start", "INFO", "platform.report"]);
    expect(records[2]).toMatchObject({ message: "a line\nand its rest" });
    expect(events[0]?.logStreamName).toContain("/json[$LATEST]");
  });

  it("is lost where the role may not write it, and the function still answers", async () => {
    const Role = await account.role("MuteRole", { service: "lambda.amazonaws.com" });
    await createFunction("mute", "index.echo", { Role });
    expect((await invoke("mute")).answer).toMatchObject({ name: "mute" });
    await lambda.logsFlushed();
    expect(lost.some(({ functionName, events }) => functionName === "mute" && events > 0)).toBe(true);
  });
});
