import { equal } from "node:assert/strict";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";
import { Fuzzer } from "./run.ts";
import { savedSeeds } from "./saved_seeds.ts";
import { targets } from "./targets.ts";

/** Small enough for the gate; `deno task fuzz` goes on for as long as one likes. */
const rounds = 1500;

for (const [name, target] of Object.entries(targets)) {
  Deno.test(`fuzzing ${name}: each saved input holds, whole and in pieces`, () => {
    const seeds = savedSeeds(name);
    equal(seeds.length > 0, true);
    for (const { bytes } of seeds) {
      for (let seed = 0; seed < 20; seed++) target(bytes, new SeededRandom(seed));
    }
  });

  Deno.test(`fuzzing ${name}: nothing is thrown, hung or kept without bound`, () => {
    const seed = drawSeed();
    const finding = new Fuzzer(name, seed).run(rounds);
    if (finding === undefined) return;
    const how = `seed ${seed}, input ${finding.bytes.toHex()}`;
    throw new Error(`${name}: ${how}`, { cause: finding.error });
  });
}
