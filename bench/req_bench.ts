/**
 * Measures what the answer to a REQ costs the relay's thread, from the bytes of its frame to the bytes
 * of the frames that answer it: `deno bench -A bench/req_bench.ts`. Each round takes the next of two
 * hundred questions of a shape, and ends the subscription of the round before.
 *
 * @module
 */

import { openRig } from "./req_rig.ts";

const { client, questions } = await openRig();

for (const [name, frames] of Object.entries(questions)) {
  let next = 0;
  Deno.bench(name, async (bench) => {
    const frame = frames[next++ % frames.length]!;
    await client.ready();
    bench.start();
    await client.ask(frame);
    bench.end();
  });
}
