import { equal, notDeepEqual } from "node:assert/strict";
import { systemRandom } from "../../../src/app/system/system_random.ts";

for (const length of [0, 1, 32, 65_536, 65_537, 200_000]) {
  Deno.test(`${length} bytes are ${length} bytes`, () => {
    equal(systemRandom.bytes(length).length, length);
  });
}

Deno.test("two draws differ, to the last part of a long one", () => {
  notDeepEqual(systemRandom.bytes(32), systemRandom.bytes(32));
  notDeepEqual(systemRandom.bytes(200_000).subarray(-32), new Uint8Array(32));
});
