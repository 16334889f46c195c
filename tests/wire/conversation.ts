/**
 * Conversations as text: what a client says, what the relay must answer, line by line.
 *
 * ```text
 * # a comment
 * event note = alice {"kind":1,"created_at":1700000000,"tags":[],"content":"hi"}
 *
 * == NIP01-26 stored events, one EOSE, then live ones
 * C: ["REQ","s",{"kinds":[1]}]
 * S: ["EOSE","s"]
 * C2: ["EVENT",{{note}}]
 * S2: ["OK",{{note.id}},true,"…"]
 * S: ["EVENT","s",{{note}}]
 * ```
 *
 * Each `==` begins a conversation with a relay of its own. `C:` and `S:` belong to the first
 * connection, `C2:` and `S2:` to the second, which opens when it first speaks. `{{name}}` is a defined
 * event, `{{name.id}}` a field of it, `{{alice}}` an author's public key, all as JSON; `{{bare alice}}`
 * is the key without quotes, to stand inside a string; `{{key bob}}` is the key of an author who has not
 * written yet. `{{auth bob}}` answers the challenge that the connection heard last, with anything in it
 * replaced: `{{auth bob kind=1 relay=… challenge=… ageS=660 sig=wrong id=wrong}}`. In an expected
 * message a string that ends in `…` stands for every string that begins like it. `S: close 1008`
 * expects the connection to be closed. At the end nothing unexpected may have come.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { type EventDraft, SchnorrSigner } from "../kit/signer.ts";

/** One connection of a conversation, fake or real. */
export interface Line {
  say(text: string): void;
  /** The next thing that comes: a message, or how the connection was closed. */
  hear(): Promise<Heard>;
  /** Resolves when everything the relay has to say was said; gives what came unexpectedly. */
  settle(): Promise<readonly Heard[]>;
}

/** A text message, or the end of the connection. */
export type Heard = { readonly text: string } | { readonly closeCode: number };

/** A relay to talk to. */
export interface Exchange extends AsyncDisposable {
  connect(): Promise<Line>;
  /** The relay's time, seconds since 1970. */
  nowS(): number;
  /**
   * Whether it is any relay and not one of the tests': it may ask for AUTH when it wants, leave out the
   * optional `finish`, and find its own words after the prefix of a reason. Default: no.
   */
  readonly isForeign?: boolean;
}

interface Step {
  readonly lineNumber: number;
  readonly connection: string;
  readonly type: "say" | "hear";
  readonly text: string;
}

/** A titled list of steps. */
export interface Conversation {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** Parses a file of conversations. Throws on a line it does not understand: the file is ours. */
export function parseConversations(text: string): readonly Conversation[] {
  const names = new Map<string, unknown>();
  const conversations: { title: string; steps: Step[] }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    if (trimmed.startsWith("== ")) conversations.push({ title: trimmed.slice(3), steps: [] });
    else if (trimmed.startsWith("event ")) defineEvent(names, trimmed);
    else conversations.at(-1)!.steps.push(parseStep(names, trimmed, index + 1));
  }
  return conversations;
}

/** Holds one conversation and checks every answer. */
export async function converse(conversation: Conversation, exchange: Exchange): Promise<void> {
  const lines = new Map<string, Line>();
  const challenges = new Map<Line, string>();
  const aside: SetAside = new Map();
  for (const step of conversation.steps) {
    let line = lines.get(step.connection);
    if (line === undefined) lines.set(step.connection, line = await exchange.connect());
    if (step.type === "say") {
      line.say(answerChallenge(step.text, challenges.get(line) ?? "", exchange.nowS()));
      continue;
    }
    const isForeign = exchange.isForeign ?? false;
    const asksForAuth = step.text.startsWith('["AUTH"');
    // Another relay may have asked for AUTH when it was connected to.
    if (isForeign && asksForAuth && challenges.has(line)) continue;
    let heard = await hearNext(line, step, isForeign ? aside : undefined);
    for (let challenge; (challenge = challengeIn(heard)) !== undefined;) {
      challenges.set(line, challenge);
      if (!isForeign || asksForAuth) break;
      heard = await line.hear();
    }
    check(heard, step, isForeign);
  }
  for (const line of lines.values()) {
    const rest = [...aside.get(line) ?? [], ...await line.settle()];
    const unexpected = rest.filter((heard) =>
      !exchange.isForeign || challengeIn(heard) === undefined
    );
    deepEqual(unexpected, [], "nothing more was expected");
  }
}

/** Events that came for another subscription than the one expected: their order is the relay's. */
type SetAside = Map<Line, Heard[]>;

async function hearNext(line: Line, step: Step, aside: SetAside | undefined): Promise<Heard> {
  if (aside === undefined) return await line.hear();
  const waiting = aside.get(line) ?? [];
  aside.set(line, waiting);
  const expected = subscriptionOf({ text: step.text });
  const place = waiting.findIndex((heard) => subscriptionOf(heard) === expected);
  if (place >= 0) return waiting.splice(place, 1)[0]!;
  for (;;) {
    const heard = await line.hear();
    const other = subscriptionOf(heard);
    if (expected === undefined || other === undefined || other === expected) return heard;
    waiting.push(heard);
  }
}

/** The subscription of an EVENT message. */
function subscriptionOf(heard: Heard): string | undefined {
  return "text" in heard ? /^\["EVENT","([^"]*)"/.exec(heard.text)?.[1] : undefined;
}

function challengeIn(heard: Heard): string | undefined {
  const [verb, challenge] = "text" in heard ? JSON.parse(heard.text) : [];
  return verb === "AUTH" ? challenge : undefined;
}

function defineEvent(names: Map<string, unknown>, line: string): void {
  const [, name, author, draft] = /^event (\S+) = (\w+) (.*)$/.exec(line)!;
  const signer = signerOf(author!);
  const event = signer.sign(JSON.parse(fill(names, draft!)) as EventDraft);
  names.set(author!, signer.pubkey);
  names.set(name!, event);
  for (const field of Object.keys(event)) {
    names.set(`${name}.${field}`, event[field as keyof NostrEvent]);
  }
}

function signerOf(author: string): SchnorrSigner {
  return new SchnorrSigner(new SeededRandom(seedOf(author)));
}

/** Puts the proof in the place of `{{auth …}}`. @see NIP-42 */
function answerChallenge(text: string, challenge: string, nowS: number): string {
  return text.replace(/\{\{auth (\w+)([^}]*)\}\}/, (_, author: string, changes: string) => {
    const changed = new Map(
      changes.trim().split(" ").map((change) => change.split("=") as [string, string]),
    );
    const proof = signerOf(author).sign({
      kind: Number(changed.get("kind") ?? 22242),
      created_at: Math.floor(nowS) - Number(changed.get("ageS") ?? 0),
      tags: [
        ["relay", changed.get("relay") ?? "wss://relay.example"],
        ["challenge", changed.get("challenge") ?? challenge],
      ],
      content: "",
    });
    return JSON.stringify({
      ...proof,
      ...changed.has("sig") && { sig: proof.sig.replaceAll(/./g, "0") },
      ...changed.has("id") && { id: proof.id.replaceAll(/./g, "0") },
    });
  });
}

function seedOf(name: string): number {
  return [...name].reduce((seed, letter) => (seed * 31 + letter.charCodeAt(0)) >>> 0, 7);
}

function parseStep(names: ReadonlyMap<string, unknown>, line: string, lineNumber: number): Step {
  const [, who, connection, text] = /^([CS])(\d*): ?(.*)$/.exec(line) ?? [];
  if (who === undefined) throw new SyntaxError(`line ${lineNumber}: ${line}`);
  return {
    lineNumber,
    connection: connection!,
    type: who === "C" ? "say" : "hear",
    text: fill(names, text!),
  };
}

function fill(names: ReadonlyMap<string, unknown>, text: string): string {
  return text.replace(/\{\{(bare )?([^}]+)\}\}/g, (placeholder, bare, name: string) => {
    if (name.startsWith("auth ")) return placeholder;
    if (name.startsWith("key ")) return JSON.stringify(signerOf(name.slice(4)).pubkey);
    if (!names.has(name)) throw new SyntaxError(`nothing is named ${name}`);
    return bare === undefined ? JSON.stringify(names.get(name)) : String(names.get(name));
  });
}

function check(heard: Heard, step: Step, isForeign: boolean): void {
  const where = `line ${step.lineNumber}`;
  if (step.text.startsWith("close ")) {
    deepEqual(heard, { closeCode: Number(step.text.slice(6)) }, where);
    return;
  }
  const text = "text" in heard ? heard.text : `close ${heard.closeCode}`;
  const expected = isForeign ? essential(JSON.parse(step.text)) : JSON.parse(step.text);
  const actual = isForeign ? essential(JSON.parse(text)) : JSON.parse(text);
  deepEqual(likeExpected(actual, expected), expected, `${where}: heard ${text}`);
}

/** A message of a relay without what its author may choose. */
function essential(message: unknown): unknown {
  if (!Array.isArray(message)) return message;
  const [verb, id, ...rest] = message;
  switch (verb) {
    case "OK":
      return [verb, id, rest[0], rest[0] === true ? "" : prefixOf(rest[1])];
    case "CLOSED":
    case "NEG-ERR":
      return [verb, id, prefixOf(rest[0])];
    case "EOSE":
      return [verb, id];
    case "NOTICE":
      return [verb];
    default:
      return message;
  }
}

function prefixOf(text: unknown): string {
  return String(text).split(":")[0]!;
}

/** Puts the expected `…` in the place of what it stands for. */
function likeExpected(actual: unknown, expected: unknown): unknown {
  if (typeof expected === "string" && expected.endsWith("…")) {
    const isLike = typeof actual === "string" && actual.startsWith(expected.slice(0, -1));
    return isLike ? expected : actual;
  }
  if (!Array.isArray(expected) || !Array.isArray(actual)) return actual;
  equal(actual.length, expected.length, `heard ${JSON.stringify(actual)}`);
  return actual.map((item, index) => likeExpected(item, expected[index]));
}
