import { deepEqual, equal } from "node:assert/strict";
import { CHECK_BYTES, packChecks, verifyPacked } from "../../src/signatures/verify_batch.ts";
import { nobleEngine } from "../../src/signatures/signature_noble.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const alice = new SchnorrSigner(new SeededRandom(1));
const note = alice.sign({ created_at: 1, kind: 1, tags: [], content: "hello" });
const other = alice.sign({ created_at: 2, kind: 1, tags: [], content: "again" });

Deno.test("answers are in the order of the checks", () => {
  const packed = packChecks([note, { ...note, id: other.id }, other, { ...other, sig: note.sig }]);
  deepEqual([...verifyPacked(packed, nobleEngine)], [1, 0, 1, 0]);
});

Deno.test("a check is 64 bytes of signature, 32 of id and 32 of key", () => {
  const packed = packChecks([note]);
  equal(packed.length, CHECK_BYTES);
  equal(packed.toHex(), note.sig + note.id + note.pubkey);
});

Deno.test("no checks give no answers", () => {
  equal(verifyPacked(packChecks([]), nobleEngine).length, 0);
});
