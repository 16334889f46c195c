import { deepEqual, equal } from "node:assert/strict";
import { sha256, sha256OfText } from "../../src/app/system/sha256.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { managementRoute, managementType } from "../../src/http/routes/management.ts";
import { createHttp } from "../../src/http/router.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import { Management } from "../../src/relay/access/management.ts";
import { RuleBook } from "../../src/relay/access/rules.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { plainVerifier } from "../kit/fake_relay.ts";
import { recordOf } from "../kit/records.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { type EventDraft, SchnorrSigner } from "../kit/signer.ts";

const random = new SeededRandom(1);
const admin = new SchnorrSigner(random);
const stranger = new SchnorrSigner(random);
const KEY = "a".repeat(64);

/** Management as it is served, with a client that signs its calls. */
function managed() {
  const clock = new FakeClock();
  const rules = new RuleBook();
  const store = new MemoryStore(clock);
  let changes = 0;
  const management = new Management({
    ...{ rules, store, clock },
    readIp: (text) => /^[0-9a-f.:]+$/.test(text) ? text : undefined,
    onChanged: () => changes++,
  });
  const http = createHttp({
    information: () => ({ software: "", version: "", supportedNips: [], limitation: {} }),
    ready: () => Promise.resolve(undefined),
    routes: [managementRoute({
      admins: () => new Set([admin.pubkey]),
      call: (...call) => management.call(...call),
      verifier: plainVerifier,
      clock,
      hashText: sha256OfText,
      hashBytes: (bytes) => sha256(bytes).toHex(),
      relayUrl: () => "wss://relay.example",
    })],
  });
  const nowS = () => Math.floor(clock.nowMs() / 1000);
  const proof = (body: string, change: Partial<EventDraft> = {}, by = admin) =>
    by.sign({
      kind: 27235,
      created_at: nowS(),
      tags: [
        ["u", "https://relay.example/"],
        ["method", "POST"],
        ["payload", sha256OfText(body)],
      ],
      content: "",
      ...change,
    });
  const post = async (body: string, authorization: string | undefined, type = managementType) => {
    const headers = {
      "content-type": type,
      ...authorization !== undefined && { authorization },
    };
    const request = new Request("http://127.0.0.1:8080/", { method: "POST", headers, body });
    const response = await http(request);
    return { status: response.status, answer: await response.json() };
  };
  const call = async (method: string, ...params: unknown[]) => {
    const body = JSON.stringify({ method, params });
    const { status, answer } = await post(body, header(eventJson(proof(body))));
    equal(status, 200);
    // The signer of this test gives the same signature to the same call.
    clock.advance(1_000);
    return answer;
  };
  return { clock, rules, store, proof, post, call, nowS, changes: () => changes };
}

function header(json: string): string {
  return `Nostr ${utf8(json).toBase64()}`;
}

Deno.test("NIP86-01 NIP98-01 NIP98-02 NIP98-04 a call without a valid proof is 401 and changes nothing", async () => {
  const { post, proof, rules, nowS } = managed();
  const body = JSON.stringify({ method: "banpubkey", params: [KEY] });
  const tags = (...changed: string[][]) => ({
    tags: [["u", "https://relay.example/"], ["method", "POST"], ["payload", sha256OfText(body)]]
      .map((
        tag,
      ) => changed.find(([name]) => name === tag[0]) ?? tag),
  });
  const wrong = [
    proof(body, { kind: 1 }),
    proof(body, { created_at: nowS() - 61 }),
    proof(body, { created_at: nowS() + 61 }),
    proof(body, tags(["u", "https://other.example/"])),
    proof(body, tags(["u", "https://relay.example/elsewhere"])),
    proof(body, tags(["method", "GET"])),
    proof(body, tags(["payload", sha256OfText("other")])),
    proof(body, { tags: [["u", "https://relay.example/"], ["method", "POST"]] }),
    { ...proof(body), sig: "0".repeat(128) },
    { ...proof(body), id: "0".repeat(64) },
  ];
  const headers = [
    ...wrong.map((event) => header(eventJson(event))),
    undefined,
    "Nostr",
    "Basic eDp5",
  ];
  for (const [at, authorization] of headers.entries()) {
    equal((await post(body, authorization)).status, 401, `${at}`);
  }
  equal(rules.version, 0);
});

Deno.test("NIP86-03 a valid proof by somebody else is 403 and changes nothing", async () => {
  const { post, proof, rules } = managed();
  const body = JSON.stringify({ method: "banpubkey", params: [KEY] });
  const { status, answer } = await post(body, header(eventJson(proof(body, {}, stranger))));
  deepEqual([status, answer.error], [403, "this key may not manage the relay"]);
  equal(rules.version, 0);
});

Deno.test("NIP86-02 NIP98-03 NIP98-05 a proof works once, for its body, in any spelling of Base64 and of the scheme", async () => {
  const { post, proof } = managed();
  const body = '{"method":"supportedmethods","params":[]}';
  const authorization = header(eventJson(proof(body)));
  equal((await post(body, authorization)).status, 200);
  deepEqual((await post(body, authorization)).answer, {
    error: "this authorization was used before",
  });
  const unpadded = header(eventJson(proof(body, { content: "2" }))).replace(/=+$/, "");
  equal((await post(body, unpadded)).status, 200);
  const urlSafe = header(eventJson(proof(body, { content: "???>>>" }))).replaceAll("+", "-")
    .replaceAll("/", "_");
  equal((await post(body, urlSafe.replace("Nostr", "nostr"))).status, 200);
  const bySocket = proof(body, {
    tags: [["u", "wss://relay.example"], ["method", "POST"], ["payload", sha256OfText(body)]],
  });
  equal((await post(body, header(eventJson(bySocket)))).status, 200);
});

Deno.test("what is no call is told so: type, length, JSON, method", async () => {
  const { post, proof, call } = managed();
  equal((await post("{}", undefined, "application/json")).status, 415);
  equal((await post(" ".repeat(65_537), undefined)).status, 413);
  for (const body of ["", "[]", "{}", '{"method":1}', '{"method":"x","params":{}}']) {
    equal((await post(body, header(eventJson(proof(body))))).status, 400, body);
  }
  deepEqual(await call("createrole", "x"), { error: 'there is no method "createrole" here' });
});

Deno.test("NIP86-04 NIP86-05 each list says what was called, and lifting takes it out", async () => {
  const { call, rules, changes } = managed();
  const { result: methods } = await call("supportedmethods");
  equal(methods.includes("supportedmethods"), false);
  const lists: [set: string, unset: string, list: string, value: unknown, entry: unknown][] = [
    ["banpubkey", "unbanpubkey", "listbannedpubkeys", KEY, { pubkey: KEY, reason: "why" }],
    ["allowpubkey", "unallowpubkey", "listallowedpubkeys", KEY, { pubkey: KEY, reason: "why" }],
    ["banevent", "allowevent", "listbannedevents", KEY, { id: KEY, reason: "why" }],
    ["allowkind", "disallowkind", "listallowedkinds", 7, 7],
    ["blockip", "unblockip", "listblockedips", "192.0.2.1", { ip: "192.0.2.1", reason: "why" }],
  ];
  for (const [set, unset, list, value, entry] of lists) {
    for (const method of [set, unset, list]) equal(methods.includes(method), true, method);
    deepEqual(await call(set, value, "why"), { result: true });
    deepEqual((await call(list)).result, [entry], list);
    deepEqual(await call(unset, value), { result: true });
    deepEqual((await call(list)).result, [], list);
  }
  equal(changes(), 10);
  // To ban a member ends the membership, and the other way round.
  await call("allowpubkey", KEY);
  await call("banpubkey", KEY);
  deepEqual([rules.count("allowed-key"), rules.count("banned-key")], [0, 1]);
  await call("allowpubkey", KEY);
  deepEqual([rules.count("allowed-key"), rules.count("banned-key")], [1, 0]);
});

Deno.test("NIP86-10 malformed parameters are an error and change nothing", async () => {
  const { call, rules } = managed();
  const calls: [string, ...unknown[]][] = [
    ["banpubkey"],
    ["banpubkey", "npub1"],
    ["banpubkey", KEY.toUpperCase()],
    ["banpubkey", KEY, 5],
    ["banpubkey", KEY, "x".repeat(1_001)],
    ["banpubkey", KEY, "a\0b"],
    ["banevent", 1],
    ["allowkind", "1"],
    ["allowkind", 65_536],
    ["allowkind", -1],
    ["blockip", "nowhere"],
    ["changerelayname", null],
  ];
  for (const [method, ...params] of calls) {
    equal(typeof (await call(method, ...params)).error, "string", `${method} ${params}`);
  }
  equal(rules.version, 0);
});

Deno.test("NIP86-08 a new name stands until it is taken back", async () => {
  const { call, rules } = managed();
  for (
    const [method, value] of [["name", "New"], ["description", "Text"], ["icon", "https://x/"]]
  ) {
    await call(`changerelay${method}`, value);
    equal(rules.reasonOf("information", method!), value);
  }
  await call("changerelayname", "");
  equal(rules.reasonOf("information", "name"), undefined);
});

Deno.test("NIP56 reported events wait for a decision, those with the most reporters first", async () => {
  const { call, store, nowS } = managed();
  const [one, two] = ["1".repeat(64), "2".repeat(64)];
  const report = (by: SchnorrSigner, tags: string[][], content = "") =>
    by.sign({ kind: 1984, created_at: nowS(), tags, content });
  const reports = [
    report(admin, [["e", one, "spam"], ["p", KEY]]),
    report(stranger, [["e", two, "malware"], ["p", KEY]]),
    report(admin, [["e", two], ["p", KEY]]),
    report(stranger, [["e", one, "spam"], ["p", KEY]], "again"),
    report(new SchnorrSigner(random), [["e", two, "spam"], ["e", "no id"], ["p", KEY]]),
  ];
  await store.put(reports.map(recordOf));
  deepEqual((await call("listeventsneedingmoderation")).result, [
    { id: two, reason: "3 reports: malware, other, spam" },
    { id: one, reason: "2 reports: spam" },
  ]);
  await call("banevent", two);
  await call("allowevent", one);
  deepEqual((await call("listeventsneedingmoderation")).result, []);
});
