import { equal } from "node:assert/strict";
import { backOffMs } from "../../src/base/back_off.ts";

const pauses = { firstMs: 100, maxMs: 1_000 };

/** Randomness that always gives this byte. */
const always = (byte: number) => ({ bytes: (length: number) => new Uint8Array(length).fill(byte) });

Deno.test("each failure doubles the pause, up to the longest", () => {
  const whole = always(255);
  equal(backOffMs(0, pauses, whole), 100);
  equal(backOffMs(3, pauses, whole), 800);
  equal(backOffMs(4, pauses, whole), 1_000);
  equal(backOffMs(2_000, pauses, whole), 1_000);
});

Deno.test("chance shortens a pause by up to a half", () => {
  equal(backOffMs(1, pauses, always(0)), 100);
});
