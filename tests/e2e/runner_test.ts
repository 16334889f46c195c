/**
 * The command of the README, stopped as people and service managers stop it.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { untilListening } from "../kit/running_relay.ts";

/** What the README names; the version is that of this run. */
const NPX = ["-y", `deno@${Deno.version.deno}`, "task", "gallimimus", "serve"];

async function startByNpx() {
  const child = new Deno.Command("npx", {
    args: [...NPX, "--listen", "127.0.0.1:0", "--database", "memory:"],
    cwd: new URL("../../", import.meta.url),
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const url = new URL((await untilListening(reader)).replace(/^ws/, "http"));
  return { child, reader, url };
}

async function answers(url: URL): Promise<boolean> {
  try {
    const response = await fetch(new URL("/health", url));
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}

Deno.test("SIGTERM to the npx of the README ends the relay, and nothing is left running", async () => {
  const { child, reader, url } = await startByNpx();
  equal(await answers(url), true);
  child.kill("SIGTERM");
  await child.status;
  // The pipe closes when the last process that holds it is gone.
  while (!(await reader.read()).done);
  equal(await answers(url), false);
});
