import { deepEqual, equal } from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import { Mirror, type MirrorHost, type MirrorPlan } from "../../src/sync/mirror.ts";
import { MirrorLink } from "../../src/sync/mirror_link.ts";
import { FakeClock } from "../kit/fake_clock.ts";

const plan: MirrorPlan = {
  ...{ url: "wss://far.example", direction: "down", filter: { tags: new Map() }, filterJson: {} },
  ...{ catchUpS: 0, signer: undefined },
  limits: {
    ...{ maxPendingEvents: 10, maxWaitingEvents: 10, maxRememberedIds: 100 },
    ...{ answerTimeoutMs: 30_000, maxRetryMs: 60_000 },
  },
};

async function* nothing(): AsyncGenerator<never, void> {}

/** A link between a relay without events and another, which says what the test says. */
function linked() {
  const clock = new FakeClock();
  const host: MirrorHost = {
    take: () => Promise.resolve({ accepted: true }),
    listen: () => () => {},
    readable: (filter) => Promise.resolve([filter]),
    identify: nothing,
    missing: (ids) => Promise.resolve(ids),
    read: nothing,
    maySend: () => true,
    sha256: (bytes) => bytes,
    clock,
    random: { bytes: (length) => new Uint8Array(length).fill(255) },
    log: silentLog,
  };
  const sent: [string, string][] = [];
  const socket = {
    send: (text: string) => void sent.push(JSON.parse(text)),
    pause() {},
    resume() {},
  };
  const mirror = new Mirror(plan, host);
  const link = new MirrorLink(mirror, host, socket);
  const say = (...message: unknown[]) => link.receive(JSON.stringify(message));
  const lastId = (verb: string) => sent.findLast(([sentVerb]) => sentVerb === verb)![1];
  return { clock, link, sent, say, lastId };
}

/** Lets promises settle. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("a relay that ends the subscription after each comparison is compared with ever less often", async () => {
  const { clock, link, sent, say, lastId } = linked();
  const running = link.run();
  const comparisons = () => sent.filter(([verb]) => verb === "NEG-OPEN").length;
  /** Answers that both have the same, and is followed for a while. */
  const compareAndFollow = async (followedMs: number) => {
    await settle();
    say("NEG-MSG", lastId("NEG-OPEN"), "61");
    await settle();
    clock.advance(followedMs);
    say("CLOSED", lastId("REQ"), "error: no live events here");
  };
  /** Seconds until the next comparison. */
  const pauseS = async () => {
    const before = comparisons();
    for (let seconds = 1;; seconds++) {
      clock.advance(1_000);
      await settle();
      if (comparisons() > before) return seconds;
    }
  };
  const pauses: number[] = [];
  for (const followedMs of [0, 0, 10_000, 0, 60_000, 0]) {
    await compareAndFollow(followedMs);
    pauses.push(await pauseS());
  }
  deepEqual(pauses, [1, 2, 4, 8, 1, 2]);
  link.closed("the test ends");
  await running;
  await settle();
  equal(clock.timerCount, 0);
});
