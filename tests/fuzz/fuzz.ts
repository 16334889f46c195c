/**
 * Fuzzing for a set time: `FUZZ_SECONDS` in all, from `SEED`. What is found is saved among the seeds.
 *
 * @module
 */

import { drawSeed } from "../kit/seeded_random.ts";
import { Fuzzer } from "./run.ts";
import { saveSeed } from "./saved_seeds.ts";
import { targets } from "./targets.ts";

/** Rounds between two looks at the clock, long enough to matter, short enough to notice a hang. */
const roundsAtATime = 200;

/** How long so many rounds of small inputs may take before it counts as a hang, milliseconds. */
const hangMs = 20_000;

/** Fuzzes every target for its share of `seconds`. True if nothing was found. */
export function fuzz(seconds: number, seed: number): boolean {
  const names = Object.keys(targets);
  let sound = true;
  for (const name of names) {
    const { rounds, found } = fuzzTarget(new Fuzzer(name, seed), (seconds * 1000) / names.length);
    console.log(`${name}: ${rounds} inputs${found === undefined ? "" : `, ${found}`}`);
    sound &&= found === undefined;
  }
  return sound;
}

function fuzzTarget(fuzzer: Fuzzer, forMs: number): { rounds: number; found?: string } {
  const startMs = performance.now();
  let rounds = 0;
  for (let beforeMs = startMs; beforeMs - startMs < forMs;) {
    const finding = fuzzer.run(roundsAtATime);
    const afterMs = performance.now();
    rounds += roundsAtATime;
    if (finding !== undefined) {
      console.error(finding.error);
      return { rounds, found: `saved ${saveSeed(finding.target, finding.bytes)}` };
    }
    if (afterMs - beforeMs > hangMs) return { rounds, found: "a hang" };
    beforeMs = afterMs;
  }
  return { rounds };
}

if (import.meta.main) {
  const seed = drawSeed();
  console.log(`seed ${seed}`);
  Deno.exit(fuzz(Number(Deno.env.get("FUZZ_SECONDS") ?? 300), seed) ? 0 : 1);
}
