/**
 * What the answer to a REQ costs the relay's thread, in microseconds, from the bytes of its frame to
 * the bytes of the frames that answer it; see `req_rig.ts`. With another checkout of the project both
 * are loaded into this process and asked the same questions in turns: A is the other one, B is this.
 *
 * ```sh
 * deno run -A bench/req.ts [--rounds 15] [--only NAME] [--against DIRECTORY]
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { median, pairOrder, ratioOf } from "./load/comparison.ts";
import { openRig, type Rig } from "./req_rig.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    only: { type: "string", default: "" },
    against: { type: "string" },
  },
});

/** Rounds of all questions before the first that counts. */
const WARM_UP = 5;

/**
 * The median of one round of questions, microseconds: what happens now and then, as when the system has
 * another process run, is no part of it.
 */
async function roundUs({ client, questions }: Rig, shape: string): Promise<number> {
  const times: number[] = [];
  for (const frame of questions[shape]!) {
    await client.ready();
    const startMs = performance.now();
    await client.ask(frame);
    times.push(performance.now() - startMs);
  }
  return 1_000 * median(times);
}

async function openOther(directory: string): Promise<Rig> {
  const module = new URL("bench/req_rig.ts", pathToFileURL(`${directory}/`));
  return await (await import(module.href)).openRig();
}

const b = await openRig();
const a = values.against === undefined ? undefined : await openOther(values.against);
const shapes = Object.keys(b.questions).filter((name) => name.includes(values.only));
const rigs = a === undefined ? [b] : [a, b];
for (let round = 0; round < WARM_UP; round++) {
  for (const shape of shapes) for (const rig of rigs) await roundUs(rig, shape);
}

console.log(
  a === undefined ? "| question | KiB | µs |" : "| question | KiB | A: µs | B: µs | B÷A |",
);
console.log(a === undefined ? "|---|---|---|" : "|---|---|---|---|---|");
for (const shape of shapes) {
  const us = { A: [] as number[], B: [] as number[] };
  const before = b.client.received.bytes;
  for (const names of pairOrder(Number(values.rounds))) {
    for (const name of names) {
      const rig = name === "A" ? a : b;
      if (rig !== undefined) us[name].push(await roundUs(rig, shape));
    }
  }
  const answers = Number(values.rounds) * b.questions[shape]!.length;
  const kib = ((b.client.received.bytes - before) / answers / 1_024).toFixed(1);
  const ratio = ratioOf(us.B, us.A);
  const cells = ratio === undefined
    ? [median(us.B).toFixed(0)]
    : [median(us.A).toFixed(0), median(us.B).toFixed(0), ratio.median.toFixed(2)];
  console.log(`| ${[shape, kib, ...cells].join(" | ")} |`);
}
Deno.exit(0);
