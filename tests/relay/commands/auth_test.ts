import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { proofOfWork } from "../../../src/relay/access/proof_of_work.ts";
import type { FakePeer } from "../../kit/fake_peer.ts";
import { FakeRelay, PRIVATE_KINDS, settle } from "../../kit/fake_relay.ts";
import { testLimits } from "../../kit/limits.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { SchnorrSigner } from "../../kit/signer.ts";

const alice = new SchnorrSigner(new SeededRandom(1));

async function answersTo(peer: FakePeer, message: unknown): Promise<readonly unknown[][]> {
  peer.takeSent();
  peer.say(JSON.stringify(message));
  await settle();
  return peer.takeSent().map((text) => JSON.parse(text));
}

/** Makes the relay ask for AUTH, and gives the challenge. */
async function challengeOf(peer: FakePeer): Promise<string> {
  const [asked] = await answersTo(peer, ["REQ", "s", { kinds: [4] }]);
  equal(asked![0], "AUTH");
  return asked![1] as string;
}

function proof(relay: FakeRelay, challenge: string) {
  return alice.sign({
    kind: 22242,
    created_at: Math.floor(relay.clock.nowMs() / 1_000),
    tags: [["relay", "wss://relay.example"], ["challenge", challenge]],
    content: "",
  });
}

Deno.test("NIP42-13 each connection has a challenge of its own, of 128 bits or more", async () => {
  const relay = new FakeRelay();
  const challenges = [await challengeOf(relay.connect()), await challengeOf(relay.connect())];
  notEqual(challenges[0], challenges[1]);
  for (const challenge of challenges) ok(/^[0-9a-f]{32,}$/.test(challenge), challenge);
});

Deno.test("a challenge holds for the connection, and a failed answer has it sent again", async () => {
  const relay = new FakeRelay();
  const peer = relay.connect();
  const challenge = await challengeOf(peer);
  const [refused] = await answersTo(peer, ["AUTH", proof(relay, "nonsense")]);
  equal(refused![2], false);
  equal(relay.relay.counters.refusals.invalid, 1);
  equal(await challengeOf(peer), challenge);
  const [accepted] = await answersTo(peer, ["AUTH", proof(relay, challenge)]);
  equal(accepted![2], true);
});

Deno.test("NIP13-06 AUTH needs no work where events do", async () => {
  const work = proofOfWork({ minBits: 20, kindBits: new Map(), isCommitted: true });
  const relay = new FakeRelay({ policies: [work] });
  const peer = relay.connect();
  const challenge = await challengeOf(peer);
  const [accepted] = await answersTo(peer, ["AUTH", proof(relay, challenge)]);
  deepEqual(accepted!.slice(2), [true, ""]);
});

Deno.test("AUTH is compared with the relay's URL of now", async () => {
  const relay = new FakeRelay();
  const peer = relay.connect();
  const challenge = await challengeOf(peer);
  const change = (relayUrl: string) =>
    relay.relay.update({ limits: testLimits, policies: [], privateKinds: PRIVATE_KINDS, relayUrl });
  change("wss://other.example");
  const [refused] = await answersTo(peer, ["AUTH", proof(relay, challenge)]);
  equal(refused![2], false);
  change("wss://relay.example");
  const [accepted] = await answersTo(peer, ["AUTH", proof(relay, challenge)]);
  equal(accepted![2], true);
});
