// `npm run record-session`: plays a run, an approval and a replay at a terminal, and draws the README's docs/session.svg from what it showed.

import { writeFile } from "node:fs/promises";
import config from "../keyturn.config.ts";
import { startPopulatedAccount } from "./local/local-account.ts";
import { repositoryRoot } from "./local/repository.ts";
import { synthesise } from "./local/synthesis.ts";
import { animatedSvg } from "./recording/animated-svg.ts";
import { screenFrames } from "./recording/screen-frames.ts";
import { playSession } from "./recording/session.ts";

const size = { columns: 122, rows: 46 };

const { assembly } = await synthesise(repositoryRoot);
const local = await startPopulatedAccount(config, { port: 0, assembly });
try {
  const { chunks, endMs } = await playSession(local, size);
  const title = "A terminal session: keyturn run, keyturn approve and keyturn replay, each with what it shows.";
  await writeFile(new URL("../docs/session.svg", import.meta.url), animatedSvg(await screenFrames(chunks, size), { size, title, endMs }));
} finally {
  await local.emulator.stop();
}
