import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { CHECK_BYTES } from "../../src/signatures/verify_batch.ts";
import { VerifyPool, type VerifyPoolOptions } from "../../src/signatures/verify_pool.ts";
import { threadStarter } from "../../src/signatures/verify_thread.ts";
import type { Log } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { SignatureEngine } from "../../src/nostr/signature.ts";
import { nobleEngine } from "../../src/signatures/signature_noble.ts";
import { FakeThreads } from "../kit/fake_threads.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const alice = new SchnorrSigner(new SeededRandom(1));

/** A note with a signature that holds. */
function trueNote(created_at: number): NostrEvent {
  return alice.sign({ created_at, kind: 1, tags: [], content: "" });
}

/** Notes of which every third has a signature that does not hold. */
function notes(count: number): readonly NostrEvent[] {
  return Array.from({ length: count }, (_, place) => {
    const note = trueNote(place);
    return place % 3 === 2 ? { ...note, id: "00".repeat(32) } : note;
  });
}

/** What {@link notes} must be answered with. */
function truth(count: number): readonly boolean[] {
  return Array.from({ length: count }, (_, place) => place % 3 !== 2);
}

/** A pool over fake threads. */
function poolOf(options: Partial<VerifyPoolOptions> = {}) {
  const threads = new FakeThreads();
  const pool = new VerifyPool({
    start: threads.start,
    threads: 1,
    maxWaiting: 1000,
    engine: nobleEngine,
    log: silentLog,
    ...options,
  });
  return { pool, threads };
}

/** Lets what is due in this turn happen. */
async function turn(): Promise<void> {
  for (let round = 0; round < 5; round++) await Promise.resolve();
}

/** How many checks each batch of a thread has. */
function sizes(batches: readonly Uint8Array[]): readonly number[] {
  return batches.map((batch) => batch.length / CHECK_BYTES);
}

Deno.test("no thread is started before there is work", async () => {
  const { pool, threads } = poolOf();
  await turn();
  equal(threads.started.length, 0);
  pool.close();
});

Deno.test("a single check is sent at the end of its turn", async () => {
  const { pool, threads } = poolOf();
  const answer = pool.verify(trueNote(1));
  await turn();
  deepEqual(sizes(threads.started[0]!.batches), [1]);
  threads.started[0]!.answer();
  equal(await answer, true);
  pool.close();
});

Deno.test("fewer checks than are worth sending are done here, others are not", async () => {
  const { pool, threads } = poolOf({ minBatch: 4 });
  deepEqual(await Promise.all(notes(3).map((note) => pool.verify(note))), truth(3));
  equal(threads.started.length, 0);
  const answers = notes(4).map((note) => pool.verify(note));
  await turn();
  deepEqual(sizes(threads.started[0]!.batches), [4]);
  threads.started[0]!.answer();
  deepEqual(await Promise.all(answers), truth(4));
  pool.close();
});

Deno.test("a share for an idle thread is worth sending", async () => {
  const { pool, threads } = poolOf({ threads: 3, minBatch: 4 });
  const answers = notes(9).map((note) => pool.verify(note));
  await turn();
  deepEqual(threads.started.map(({ batches }) => sizes(batches)), [[4], [4]]);
  for (const thread of threads.started) thread.answer();
  deepEqual(await Promise.all(answers), truth(9));
  pool.close();
});

Deno.test("the rest after full batches is done here when it is not worth sending", async () => {
  const { pool, threads } = poolOf({ minBatch: 4 });
  const answers = notes(18).map((note) => pool.verify(note));
  await turn();
  deepEqual(sizes(threads.started[0]!.batches), [16]);
  equal(pool.waiting, 0);
  threads.started[0]!.answer();
  deepEqual(await Promise.all(answers), truth(18));
  pool.close();
});

Deno.test("the checks of one turn are sent in batches of 16, two to a thread at once", async () => {
  const { pool, threads } = poolOf();
  const answers = notes(50).map((note) => pool.verify(note));
  await turn();
  const thread = threads.started[0]!;
  deepEqual(sizes(thread.batches), [16, 16]);
  equal(pool.waiting, 18);
  thread.answer();
  deepEqual(sizes(thread.batches), [16, 16]);
  while (thread.batches.length > 0) thread.answer();
  deepEqual(await Promise.all(answers), truth(50));
  equal(pool.waiting, 0);
  pool.close();
});

Deno.test("a few checks are spread over idle threads", async () => {
  const { pool, threads } = poolOf({ threads: 3 });
  const answers = notes(9).map((note) => pool.verify(note));
  await turn();
  deepEqual(threads.started.map(({ batches }) => sizes(batches)), [[3], [3], [3]]);
  for (const thread of threads.started) thread.answer();
  deepEqual(await Promise.all(answers), truth(9));
  pool.close();
});

Deno.test("beyond the bound, checks run on the caller's thread", async () => {
  let checkedHere = 0;
  const engine: SignatureEngine = {
    name: "counting",
    verify(sig, id, pubkey) {
      checkedHere++;
      return nobleEngine.verify(sig, id, pubkey);
    },
  };
  const { pool, threads } = poolOf({ maxWaiting: 4, engine });
  const answers = notes(6).map((note) => pool.verify(note));
  equal(checkedHere, 2);
  equal(pool.waiting, 4);
  await turn();
  while (threads.started[0]!.batches.length > 0) threads.started[0]!.answer();
  deepEqual(await Promise.all(answers), truth(6));
  pool.close();
});

Deno.test("a batch whose thread dies is given to a new one", async () => {
  const { pool, threads } = poolOf();
  const answers = notes(20).map((note) => pool.verify(note));
  await turn();
  threads.started[0]!.die();
  equal(threads.started.length, 2);
  const thread = threads.started[1]!;
  deepEqual(sizes(thread.batches), [16, 4]);
  while (thread.batches.length > 0) thread.answer();
  deepEqual(await Promise.all(answers), truth(20));
  pool.close();
});

Deno.test("a batch with which two threads died is checked on the caller's thread", async () => {
  const { pool, threads } = poolOf();
  const answers = notes(3).map((note) => pool.verify(note));
  await turn();
  threads.started[0]!.die();
  threads.started[1]!.die();
  deepEqual(await Promise.all(answers), truth(3));
  pool.close();
});

Deno.test("a thread that keeps dying is given up, and the checks are done without it", async () => {
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (message) => errors.push(message) };
  const { pool, threads } = poolOf({ log });
  const first = pool.verify(trueNote(1));
  await turn();
  threads.started[0]!.die();
  threads.started[1]!.die();
  equal(await first, true);
  const second = pool.verify(trueNote(2));
  await turn();
  threads.started[2]!.die();
  equal(await second, true);
  equal(await pool.verify(trueNote(3)), true);
  equal(threads.started.length, 3);
  deepEqual(errors, [
    "signature thread died",
    "signature thread died",
    "signature thread given up",
  ]);
  pool.close();
});

Deno.test("an answer resets the count of deaths", async () => {
  const { pool, threads } = poolOf();
  for (let round = 0; round < 5; round++) {
    const answer = pool.verify(trueNote(round));
    await turn();
    threads.started.at(-1)!.die();
    threads.started.at(-1)!.answer();
    equal(await answer, true);
  }
  equal(threads.started.length, 6);
  pool.close();
});

Deno.test("closing ends the threads and rejects open and later checks", async () => {
  const { pool, threads } = poolOf();
  const open = notes(40).map((note) => pool.verify(note));
  await turn();
  pool.close();
  pool.close();
  for (const answer of open) await rejects(answer, /verifier is closed/);
  await rejects(pool.verify(trueNote(1)), /verifier is closed/);
  ok(threads.started[0]!.ended);
});

Deno.test("real threads answer as the engine would", async () => {
  const { pool } = poolOf({ start: threadStarter("noble"), threads: 2 });
  const answers = await Promise.all(notes(70).map((note) => pool.verify(note)));
  deepEqual(answers, truth(70));
  pool.close();
});

Deno.test("a check that kills every real thread is answered anyway, and so is its batch", async () => {
  const script = new URL("../kit/deadly_verify_worker.ts", import.meta.url);
  const { pool } = poolOf({ start: threadStarter("noble", { script }) });
  const poison = { ...trueNote(0), sig: "dd".repeat(64) };
  const answers = [poison, ...notes(30)].map((note) => pool.verify(note));
  deepEqual(await Promise.all(answers), [false, ...truth(30)]);
  pool.close();
});
