import { equal } from "node:assert/strict";
import { fuzz } from "../fuzz/fuzz.ts";
import { drawSeed } from "../kit/seeded_random.ts";

const seconds = Number(Deno.env.get("FUZZ_SECONDS") ?? 120);
const seed = drawSeed();

Deno.test(`fuzzing for ${seconds} seconds finds nothing, seed ${seed}`, () => {
  equal(fuzz(seconds, seed), true);
});
