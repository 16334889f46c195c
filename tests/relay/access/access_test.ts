import { deepEqual, equal } from "node:assert/strict";
import type { Log } from "../../../src/base/log.ts";
import { silentLog } from "../../../src/base/log.ts";
import { type Reason, reason } from "../../../src/nostr/reason.ts";
import { ConnectedClient } from "../../../src/relay/access/client.ts";
import type { Policy } from "../../../src/relay/access/policy.ts";
import { standardPolicies } from "../../../src/relay/access/standard.ts";
import { accessOf } from "../../kit/access.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { testLimits } from "../../kit/limits.ts";
import { submission } from "./submission.ts";

const client = new ConnectedClient("192.0.2.1");
const filters = [{ tags: new Map() }];

Deno.test("the first refusal is the answer and ends the asking", async () => {
  const asked: string[] = [];
  const policy = (name: string, refuses: boolean): Policy => {
    const decide = () => (asked.push(name), refuses ? reason("blocked", name) : undefined);
    return { name, screen: decide, event: () => Promise.resolve(decide()), connect: decide };
  };
  const access = accessOf([policy("a", false), policy("b", true), policy("c", true)]);
  equal(access.screen(submission({}))?.text, "b");
  deepEqual(await access.event(submission({})), reason("blocked", "b"));
  deepEqual(access.connect(client), reason("blocked", "b"));
  deepEqual(asked, ["a", "b", "a", "b", "a", "b"]);
});

Deno.test("the refusals of each policy are counted by their reason, however they are given", async () => {
  const no = reason("blocked", "no");
  const refusing: Policy = {
    name: "refusing",
    screen: () => no,
    event: () => Promise.resolve(reason("pow", "more")),
    request: () => no,
    authenticate: () => no,
  };
  const access = accessOf([{ name: "willing", screen: () => undefined }, refusing]);
  access.screen(submission({}));
  await access.event(submission({}));
  await access.request({ verb: "REQ", filters, client, nowMs: 0 });
  access.authenticate("", client);
  access.replace([{ name: "other", connect: () => no }]);
  await access.connect(client);
  deepEqual(Object.fromEntries(access.refusals), {
    willing: {},
    refusing: { blocked: 3, pow: 1 },
    other: { blocked: 1 },
  });
});

Deno.test("without policies nothing is refused, and nothing is waited for", () => {
  const access = accessOf([]);
  deepEqual([access.screen(submission({})), access.event(submission({}))], [undefined, undefined]);
  equal(access.request({ verb: "REQ", filters, client, nowMs: 0 }), filters);
  equal(access.connect(client), undefined);
  equal(access.mayReceive(submission({}).event, client), true);
});

Deno.test("the policies of every relay ask for size, date and kind", () => {
  const access = accessOf(standardPolicies(testLimits));
  equal(access.screen(submission({}, { jsonBytes: 1_000_000 }))?.prefix, "invalid");
  equal(access.screen(submission({ created_at: 901 }))?.prefix, "invalid");
  equal(access.screen(submission({ kind: 22242 }))?.prefix, "invalid");
  equal(access.screen(submission({})), undefined);
});

Deno.test("filters are narrowed by one policy after the other", async () => {
  const only = (...kinds: number[]): Policy => ({
    name: `${kinds}`,
    request: ({ filters }) => filters.map((filter) => ({ ...filter, kinds: new Set(kinds) })),
  });
  const later: Policy = {
    name: "later",
    request: ({ filters }) => Promise.resolve(filters.map((f) => ({ ...f, limit: 1 }))),
  };
  const inquiry = { verb: "REQ", filters, client, nowMs: 0 } as const;
  deepEqual(accessOf([only(1), only(2)]).request(inquiry), [{
    tags: new Map(),
    kinds: new Set([2]),
  }]);
  deepEqual(await accessOf([only(1), later, only(3)]).request(inquiry), [
    { tags: new Map(), kinds: new Set([3]), limit: 1 },
  ]);
  const refusing: Policy = { name: "no", request: () => reason("restricted", "no") };
  deepEqual(await accessOf([later, refusing]).request(inquiry), reason("restricted", "no"));
});

Deno.test("a policy that throws refuses, and is logged once until it works again", async () => {
  const lines: string[] = [];
  const log: Log = { ...silentLog, error: (line) => void lines.push(line) };
  let isBroken = true;
  const broken = () => {
    if (isBroken) throw new Error("broken");
    return undefined;
  };
  const access = accessOf([
    {
      name: "faulty",
      screen: broken,
      // deno-lint-ignore require-await -- what is thrown has to reject
      event: async () => broken(),
      request: broken,
      connect: broken,
      deliver: broken as unknown as () => boolean,
    },
  ], { log });
  const inquiry = { verb: "COUNT", filters, client, nowMs: 0 } as const;
  for (let i = 0; i < 3; i++) {
    equal(access.screen(submission({}))?.prefix, "error");
    deepEqual(
      await access.event(submission({})),
      reason("error", "a policy failed, try again later"),
    );
    deepEqual((await access.connect(client))?.prefix, "error");
    deepEqual(
      await access.request(inquiry),
      reason("error", "a policy failed, try again later"),
    );
    equal(access.mayReceive(submission({}).event, client), false);
  }
  deepEqual(lines, ['the policy "faulty" fails']);
  isBroken = false;
  equal(await access.event(submission({})), undefined);
});

Deno.test("a policy that takes too long refuses; what it says later is nobody's", async () => {
  const clock = new FakeClock();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const access = accessOf([{ name: "slow", event: () => promise }], { clock });
  const decision = access.event(submission({}));
  clock.advance(1_000);
  deepEqual(await decision, reason("error", "a policy failed, try again later"));
  resolve(undefined);
  await promise;
  equal(clock.timerCount, 0);
  equal(await access.event(submission({})), undefined);
  equal(clock.timerCount, 0);
});

Deno.test("policies can be replaced, and what they add to NIP-11 is added up", () => {
  const access = accessOf([{ name: "a", screen: () => reason("blocked", "a") }]);
  access.replace([
    { name: "b", information: { supportedNips: [13], minPowDifficulty: 10 } },
    { name: "c", information: { minPowDifficulty: 20, restrictedWrites: true } },
  ]);
  equal(access.screen(submission({})), undefined);
  deepEqual(access.information, {
    supportedNips: [13],
    minPowDifficulty: 20,
    restrictedWrites: true,
  });
});

Deno.test("what replaces the policies may bring another time-out and other private kinds", async () => {
  const clock = new FakeClock();
  const slow: Policy = { name: "slow", event: () => new Promise(() => {}) };
  const access = accessOf([slow], { clock });
  const { event } = submission({ kind: 4 });
  equal(access.mayReceive(event, client), true);
  access.replace([slow], { privateKinds: new Set([4]), policyTimeoutMs: 50 });
  equal(access.mayReceive(event, client), false);
  const decision = access.event(submission({}));
  clock.advance(50);
  equal((await decision as Reason).prefix, "error");
});

Deno.test("a policy that stays keeps its failures in mind", async () => {
  const lines: string[] = [];
  const log: Log = {
    ...silentLog,
    error: (line) => void lines.push(line),
    info: (line) => void lines.push(line),
  };
  let isBroken = true;
  const faulty: Policy = {
    name: "faulty",
    event: () => isBroken ? Promise.reject(new Error("broken")) : Promise.resolve(undefined),
  };
  const access = accessOf([faulty], { log });
  await access.event(submission({}));
  access.replace([{ name: "another" }, faulty]);
  await access.event(submission({}));
  deepEqual(lines, ['the policy "faulty" fails']);
  isBroken = false;
  await access.event(submission({}));
  deepEqual(lines, ['the policy "faulty" fails', 'the policy "faulty" works again']);
});
