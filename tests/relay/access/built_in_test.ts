import { deepEqual, equal, notEqual } from "node:assert/strict";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import {
  bannedKeys,
  bannedPatterns,
  bannedTexts,
  kindLists,
} from "../../../src/relay/access/access_lists.ts";
import { noBroadFilters } from "../../../src/relay/access/request_policies.ts";
import { ConnectedClient } from "../../../src/relay/access/client.ts";
import { membership, type Readers, type Writers } from "../../../src/relay/access/membership.ts";
import type { Policy, Submission } from "../../../src/relay/access/policy.ts";
import { proofOfWork } from "../../../src/relay/access/proof_of_work.ts";
import { clientRates, keyRates, kindRates } from "../../../src/relay/access/rates.ts";
import { RuleBook, rulesPolicy } from "../../../src/relay/access/rules.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { clientWith, submission } from "./submission.ts";

function screened(
  policy: Policy,
  event: Parameters<typeof submission>[0],
  rest: Partial<Submission> = {},
): string | undefined {
  return policy.screen!(submission(event, rest))?.prefix;
}

function asked(policy: Policy, client: ConnectedClient, filter: ReqFilter = { tags: new Map() }) {
  const decision = policy.request!({ verb: "REQ", filters: [filter], client, nowMs: 0 });
  return decision !== undefined && "prefix" in decision ? decision.prefix : undefined;
}

Deno.test("NIP86-06 banned keys, events and kinds are refused, and taken again when they are not", () => {
  const rules = new RuleBook([
    { list: "banned-key", value: "a", reason: "spam" },
    { list: "banned-event", value: "1", reason: "" },
    { list: "banned-kind", value: "7", reason: "" },
  ]);
  const policy = rulesPolicy(rules);
  deepEqual(
    [
      screened(policy, { pubkey: "a" }),
      screened(policy, { id: "1" }),
      screened(policy, { kind: 7 }),
      screened(policy, { pubkey: "b", id: "2", kind: 1 }),
    ],
    ["blocked", "blocked", "blocked", undefined],
  );
  rules.delete("banned-key", "a");
  equal(screened(policy, { pubkey: "a" }), undefined);
});

Deno.test("NIP86-07 with an allowed kind, only allowed ones are taken", () => {
  const rules = new RuleBook([{ list: "allowed-kind", value: "1", reason: "" }]);
  equal(screened(rulesPolicy(rules), { kind: 1 }), undefined);
  equal(screened(rulesPolicy(rules), { kind: 2 }), "blocked");
});

Deno.test("NIP86-09 a blocked address may not connect", () => {
  const rules = new RuleBook([{ list: "blocked-ip", value: "192.0.2.1", reason: "" }]);
  const decision = rulesPolicy(rules).connect!(clientWith());
  equal((decision as { prefix: string } | undefined)?.prefix, "blocked");
  equal(rulesPolicy(rules).connect!(new ConnectedClient("192.0.2.2")), undefined);
});

Deno.test("NIP62-09 X-13 a request to vanish passes whatever else is refused", () => {
  const vanish = { kind: 62, pubkey: "a" };
  const rules = new RuleBook([{ list: "banned-key", value: "a", reason: "" }]);
  const policies = [
    rulesPolicy(rules),
    bannedKeys(new Set(["a"])),
    kindLists({ allowed: [{ first: 1, last: 1 }], banned: [] }),
    membership({ writers: "nobody", readers: "members", isMember: () => false }),
    proofOfWork({ minBits: 20, kindBits: new Map(), isCommitted: true }),
  ];
  for (const policy of policies) equal(screened(policy, vanish), undefined, policy.name);
});

Deno.test("who may write: anyone, who authenticated, members, their correspondents, nobody", () => {
  const decide = (writers: Writers, event: Parameters<typeof submission>[0], ...keys: string[]) =>
    screened(
      membership({ writers, readers: "anyone", isMember: (key) => key === "m" }),
      event,
      { client: clientWith(...keys) },
    );
  const letter = { pubkey: "x", tags: [["p", "m"]] };
  deepEqual(
    [
      decide("anyone", { pubkey: "x" }),
      decide("authenticated", { pubkey: "x" }),
      decide("authenticated", { pubkey: "x" }, "x"),
      decide("members", { pubkey: "x" }, "m"),
      decide("members", { pubkey: "m" }),
      decide("members", letter),
      decide("correspondents", letter),
      decide("correspondents", { pubkey: "x" }),
      decide("nobody", { pubkey: "m" }, "m"),
    ],
    [
      undefined,
      "auth-required",
      undefined,
      "restricted",
      undefined,
      "restricted",
      undefined,
      "restricted",
      "restricted",
    ],
  );
});

Deno.test("NIP42-09 NIP42-11 who may read: anyone, who authenticated, members", () => {
  const decide = (readers: Readers, ...keys: string[]) =>
    asked(
      membership({ writers: "anyone", readers, isMember: (key) => key === "m" }),
      clientWith(...keys),
    );
  deepEqual(
    [
      decide("anyone"),
      decide("authenticated"),
      decide("authenticated", "x"),
      decide("members"),
      decide("members", "x"),
      decide("members", "x", "m"),
    ],
    [undefined, "auth-required", undefined, "auth-required", "restricted", undefined],
  );
});

Deno.test("NIP13-02 NIP13-03 NIP13-04 NIP13-05 work is asked for, per kind, and committed to where that counts", () => {
  const limits = { minBits: 8, kindBits: new Map([[1059, 4], [0, 0]]), isCommitted: false };
  const id = (start: string) => start.padEnd(64, "f");
  const policy = proofOfWork(limits);
  deepEqual(
    [
      screened(policy, { id: id("01") }),
      screened(policy, { id: id("00") }),
      screened(policy, { id: id("0"), kind: 1059 }),
      screened(policy, { id: id("f"), kind: 0 }),
      screened(policy, { id: id("00"), tags: [["nonce", "1", "7"]] }),
      screened(policy, { id: id("f") }, { origin: "import" }),
    ],
    ["pow", undefined, undefined, undefined, "pow", undefined],
  );
  const strict = proofOfWork({ ...limits, isCommitted: true });
  equal(screened(strict, { id: id("00") }), "pow");
  equal(screened(strict, { id: id("00"), tags: [["nonce", "1", "8"]] }), undefined);
  deepEqual(policy.information, { supportedNips: [13], minPowDifficulty: 8 });
  deepEqual(proofOfWork({ ...limits, minBits: 0, kindBits: new Map() }).information, {});
});

Deno.test("kinds within ranges are taken, banned ones among them are not", () => {
  const policy = kindLists({
    allowed: [{ first: 0, last: 9 }, { first: 40, last: 40 }],
    banned: [{ first: 4, last: 5 }],
  });
  const taken = [0, 3, 4, 5, 6, 9, 10, 40].filter((kind) =>
    screened(policy, { kind }) === undefined
  );
  deepEqual(taken, [0, 3, 6, 9, 40]);
  equal(screened(kindLists({ allowed: [], banned: [] }), { kind: 9_999 }), undefined);
});

Deno.test("texts are found in whatever case", () => {
  const policy = bannedTexts(["Airdrop", "ß"]);
  deepEqual(
    ["free AIRDROP now", "nothing", "Straße", ""].map((content) => screened(policy, { content })),
    ["blocked", undefined, "blocked", undefined],
  );
});

Deno.test("patterns refuse by the content, and by tags where that is asked for", () => {
  const options = { isBanned: (text: string) => /^spam$/m.test(text), maxCharacters: 20 };
  const [content, all] = [false, true].map((inTags) => bannedPatterns({ ...options, inTags }));
  const tagged = { content: "fine", tags: [["t", "a"], ["spam", "b"], ["r", "c", "spam"]] };
  deepEqual(
    [
      screened(content!, { content: "spam" }),
      screened(content!, tagged),
      screened(all!, tagged),
      screened(all!, { tags: [["spam"], ["t", "no spam"]] }),
      screened(all!, { content: "x".repeat(12), tags: [["t", "spam"]] }),
    ],
    ["blocked", undefined, "blocked", undefined, "blocked"],
  );
  // What is beyond so many characters is not looked at: of the content, of it and a tag, of tags.
  const long = [
    { content: `${"x".repeat(20)}\nspam` },
    { content: "x".repeat(17), tags: [["t", "spam"]] },
    { content: "x".repeat(20), tags: [["t", "spam"]] },
    { tags: [["t", "x".repeat(20)], ["t", "spam"]] },
  ];
  for (const event of long) equal(screened(all!, event), undefined);
});

Deno.test("one key publishes so many at once and so many a second, another one is not asked", () => {
  const clock = new FakeClock();
  const policy = keyRates({ perSecond: 1, burst: 2 }, { clock });
  const publish = (pubkey: string, rest: Partial<Submission> = {}) =>
    (policy.event!(submission({ pubkey }, rest)) as { prefix: string } | undefined)?.prefix;
  deepEqual([publish("a"), publish("a"), publish("a"), publish("b")], [
    undefined,
    undefined,
    "rate-limited",
    undefined,
  ]);
  equal(publish("a", { origin: "import" }), undefined);
  clock.advance(1_000);
  deepEqual([publish("a"), publish("a")], [undefined, "rate-limited"]);
  deepEqual([
    screened(policy, { pubkey: "a" }),
    screened(policy, { pubkey: "a" }),
    screened(policy, { pubkey: "b" }),
  ], [
    undefined,
    "rate-limited",
    undefined,
  ]);
});

Deno.test("whoever sends a key's stored events again too often is refused, and nobody else is", () => {
  const clock = new FakeClock();
  const policy = keyRates({ perSecond: 1, burst: 5 }, { clock });
  const clientOf = (network: string) => new ConnectedClient(network, {}, network);
  const stranger = { client: clientOf("192.0.2.1") };
  const honest = { client: clientOf("192.0.2.2") };
  const repeat = (rest: Partial<Submission>) =>
    policy.repeat!(submission({ pubkey: "a" }, rest))?.prefix;
  const repeats = Array.from({ length: 26 }, () => repeat(stranger));
  deepEqual(repeats.slice(24), [undefined, "rate-limited"], "the key's 5, and 20 of its own");
  equal(screened(policy, { pubkey: "a" }, stranger), "rate-limited", "before any signature check");
  equal(screened(policy, { pubkey: "b" }, stranger), undefined);
  equal(repeat({ ...stranger, origin: "sync" }), undefined);
  equal(repeat(honest), undefined);
  equal(screened(policy, { pubkey: "a" }, honest), undefined);
  equal(policy.event!(submission({ pubkey: "a" }, honest)), undefined);
  clock.advance(10_000);
  equal(screened(policy, { pubkey: "a" }, stranger), undefined);
});

Deno.test("what is not stored does not count for its key, but as sent again", () => {
  const rate = { perSecond: 1, burst: 2 };
  const kinds = [{ kinds: { first: 0, last: 0 }, rate }];
  for (
    const policy of [
      keyRates(rate, { clock: new FakeClock() }),
      kindRates(kinds, { clock: new FakeClock() }),
    ]
  ) {
    const profile = () => submission({ pubkey: "a", kind: 0 });
    for (let time = 0; time < 10; time++) {
      const sent = profile();
      equal(policy.event!(sent), undefined);
      policy.unstored!(sent);
      policy.unstored!(sent);
    }
    const refused = Array.from({ length: 3 }, profile).filter((sent) => {
      if (policy.event!(sent) === undefined) return false;
      policy.unstored!(sent);
      return true;
    });
    equal(refused.length, 1, "what was never taken is not given back");
    notEqual(policy.event!(profile()), undefined);
  }
});

Deno.test("a client beyond its rate of a kind takes nothing from the keys whose events it sends", () => {
  const rate = { perSecond: 1, burst: 1 };
  const policy = kindRates([{ kinds: { first: 1, last: 1 }, rate }], { clock: new FakeClock() });
  const clientOf = (network: string) => new ConnectedClient(network, {}, network);
  const publish = (pubkey: string, network: string) =>
    policy.event!(submission({ pubkey }, { client: clientOf(network) })) === undefined;
  deepEqual(
    [publish("a", "192.0.2.1"), publish("b", "192.0.2.1"), publish("b", "192.0.2.2")],
    [true, false, true],
  );
});

Deno.test("of a key near its limit as many signatures are checked as it may publish", () => {
  const clock = new FakeClock();
  const policy = keyRates({ perSecond: 2, burst: 20 }, { clock });
  const checked = (pubkey: string) => {
    let count = 0;
    while (count < 100 && screened(policy, { pubkey }) === undefined) count++;
    return count;
  };
  equal(checked("a"), 100, "asking before the signature takes nothing");
  for (let event = 0; event < 20; event++) policy.event!(submission({ pubkey: "a" }));
  equal(checked("a"), 2);
  equal(checked("b"), 100);
  clock.advance(1_000);
  policy.event!(submission({ pubkey: "a" }));
  policy.event!(submission({ pubkey: "a" }));
  equal(checked("a"), 2);
  clock.advance(10_000);
  equal(checked("a"), 100);
});

Deno.test("a key may publish its whole burst, signatures checked one after the other or not", () => {
  for (const [perSecond, burst] of [[1, 1], [1, 5], [2, 40], [100, 1_000]] as const) {
    const policy = keyRates({ perSecond, burst }, { clock: new FakeClock() });
    let published = 0;
    while (
      screened(policy, { pubkey: "a" }) === undefined &&
      policy.event!(submission({ pubkey: "a" })) === undefined
    ) published++;
    equal(published, burst);
  }
});

Deno.test("trusted keys have their rate as many times as is set", () => {
  const rate = { perSecond: 1, burst: 1 };
  const isTrusted = (key: string) => key === "a";
  const policy = keyRates(rate, { clock: new FakeClock(), isTrusted, trustedFactor: 3 });
  const publish = (pubkey: string) => policy.event!(submission({ pubkey })) === undefined;
  deepEqual([publish("a"), publish("a"), publish("a"), publish("a")], [true, true, true, false]);
  deepEqual([publish("b"), publish("b")], [true, false]);
});

Deno.test("a COUNT counts as many times as it has filters, and at most for the whole burst", () => {
  const rate = { perSecond: 1, burst: 10 };
  const rates = { events: rate, requests: rate, counts: rate, authentications: rate };
  const clock = new FakeClock();
  const policy = clientRates(rates, { clock });
  const client = new ConnectedClient("192.0.2.1", {}, "a");
  const isAdmitted = (verb: "REQ" | "COUNT", length: number) => {
    const filters = Array.from({ length }, () => ({ tags: new Map() }));
    return policy.request!({ verb, filters, client, nowMs: 0 }) === undefined;
  };
  deepEqual([6, 4, 1].map((length) => isAdmitted("COUNT", length)), [true, true, false]);
  equal(isAdmitted("REQ", 50), true);
  clock.advance(10_000);
  deepEqual([50, 1].map((length) => isAdmitted("COUNT", length)), [true, false]);
});

Deno.test("one client has rates of its own for each verb, over all its connections", () => {
  const clock = new FakeClock();
  const [events, requests, counts, authentications] = [1, 2, 3, 4].map((burst) => ({
    perSecond: 1,
    burst,
  }));
  const rates = {
    events: events!,
    requests: requests!,
    counts: counts!,
    authentications: authentications!,
  };
  const policy = clientRates(rates, {
    clock,
    isTrusted: (key) => key === "member",
    trustedFactor: 2,
  });
  const clientOf = (network?: string) => new ConnectedClient("192.0.2.1", {}, network);
  const request = (verb: "REQ" | "COUNT" | "NEG-OPEN", client: ConnectedClient) =>
    policy.request!({ verb, filters: [], client, nowMs: 0 }) === undefined;
  const tries = (attempt: (client: ConnectedClient) => boolean, network?: string) => {
    let admitted = 0;
    while (admitted < 10 && attempt(clientOf(network))) admitted++;
    return admitted;
  };
  const publish = (client: ConnectedClient) => screened(policy, {}, { client }) === undefined;
  equal(tries(publish, "a"), 1);
  equal(tries((client) => request("REQ", client), "a"), 2);
  equal(tries((client) => request("COUNT", client), "a"), 3);
  equal(tries((client) => request("NEG-OPEN", client), "a"), 0, "counted with COUNT");
  equal(tries((client) => policy.authenticate!("k", client) === undefined, "a"), 4);
  equal(tries(publish, "b"), 1, "another client is not concerned");
  equal(tries(publish), 10, "a client that is exempt");
  equal(screened(policy, { kind: 62 }, { client: clientOf("a") }), "rate-limited");
  clock.advance(1_000);
  equal(tries(publish, "a"), 1);
  clock.advance(1_000);
  const member = () => {
    const client = clientOf("a");
    client.authenticate("member");
    return client;
  };
  deepEqual([publish(member()), publish(member()), publish(member())], [true, true, false]);
});

Deno.test("events of some kinds have a rate for each key and for each client", () => {
  const clock = new FakeClock();
  const rate = { perSecond: 1 / 60, burst: 1 };
  const policy = kindRates([{ kinds: { first: 10, last: 12 }, rate }], { clock });
  const publish = (kind: number, pubkey: string, network: string) =>
    policy.event!(
      submission({ kind, pubkey }, { client: new ConnectedClient("192.0.2.1", {}, network) }),
    ) === undefined;
  deepEqual([publish(10, "a", "1"), publish(12, "a", "2"), publish(11, "b", "1")], [
    true,
    false,
    false,
  ]);
  deepEqual([publish(9, "a", "1"), publish(13, "a", "1"), publish(10, "c", "3")], [
    true,
    true,
    true,
  ]);
  clock.advance(60_000);
  equal(publish(10, "a", "1"), true);
});

Deno.test("a filter that names nothing is refused, one that names anything is not", () => {
  const client = clientWith();
  equal(asked(noBroadFilters, client, { tags: new Map(), limit: 1, since: 5 }), "blocked");
  const named: ReqFilter[] = [
    { tags: new Map(), ids: new Set() },
    { tags: new Map(), kinds: new Set([1]) },
    { tags: new Map([["t", new Set(["a"])]]) },
    { tags: new Map(), search: new Set(["a"]) },
  ];
  for (const filter of named) equal(asked(noBroadFilters, client, filter), undefined);
});
