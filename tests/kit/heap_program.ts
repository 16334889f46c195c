/**
 * Programs that measure what something keeps on the heap.
 *
 * @module
 */

import { ok } from "node:assert/strict";

/** Runs a program that may collect garbage, and returns the number of bytes that it prints. */
export async function bytesPrintedBy(program: URL, argument: string): Promise<number> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--v8-flags=--expose-gc"],
      ...["--config", new URL("../../deno.json", import.meta.url).pathname],
      ...[program.pathname, argument],
    ],
    stderr: "inherit",
  }).output();
  ok(success);
  return Number(new TextDecoder().decode(stdout));
}
