import { equal } from "node:assert/strict";
import { fuzz } from "../fuzz/fuzz.ts";

const seconds = Number(Deno.env.get("FUZZ_SECONDS") ?? 120);
const seed = Number(Deno.env.get("SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);

Deno.test(`fuzzing for ${seconds} seconds finds nothing, seed ${seed}`, () => {
  equal(fuzz(seconds, seed), true);
});
