/**
 * Events that come after their deletion was requested, and because of which others are deleted.
 *
 * @module
 */

import { utf8, utf8Decode } from "../../base/bytes.ts";
import { parseJson } from "../../nostr/json.ts";
import { parseEvent } from "../../nostr/parse_event.ts";
import type { LateEvent } from "../event_store.ts";

/** The tags that say what is deleted or replaced. */
const NAMES: ReadonlySet<string | undefined> = new Set(["a", "d", "e"]);

/** What an event has besides, for the parser. */
const REST = { content: "", sig: "0".repeat(128) };

/**
 * The event in parts of at most `maxLength` characters, none of which equals another one: Postgres
 * delivers equal payloads of a transaction once.
 */
export function lateEventParts(event: LateEvent, maxLength: number): readonly string[] {
  const { id, pubkey, kind, created_at } = event;
  const tags = event.tags.filter(([name]) => NAMES.has(name));
  const text = utf8(JSON.stringify({ id, pubkey, kind, created_at, tags })).toBase64();
  const head = (at: number, count: number) => `${id}:${at}:${count}:`;
  const length = maxLength - head(99_999, 99_999).length;
  const count = Math.ceil(text.length / length);
  return Array.from(
    { length: count },
    (_, at) => head(at, count) + text.slice(at * length, (at + 1) * length),
  );
}

/** Puts the parts of late events together again, as they come. */
export class LateEventReader {
  #id = "";
  #parts: string[] = [];

  /** The event with its last part, `unfinished` before, and undefined for parts that do not fit together. */
  read(part: string): LateEvent | "unfinished" | undefined {
    const [id = "", at, count, text = ""] = part.split(":");
    if (at === "0") {
      this.#id = id;
      this.#parts = [];
    }
    if (id !== this.#id || Number(at) !== this.#parts.length) return undefined;
    this.#parts.push(text);
    if (this.#parts.length < Number(count)) return "unfinished";
    const json = this.#parts.join("");
    this.#parts = [];
    return readLateEvent(json);
  }
}

/** Another instance may be of another version. */
function readLateEvent(base64: string): LateEvent | undefined {
  try {
    const value = parseJson(utf8Decode(Uint8Array.fromBase64(base64)) ?? "");
    const event = parseEvent(typeof value === "object" ? { ...value, ...REST } : value);
    return "reason" in event ? undefined : event;
  } catch {
    // What is not base64.
    return undefined;
  }
}
