/**
 * Holds the conversations of `tests/wire/` with any relay, which may hold events of others.
 *
 * Each conversation gets authors of its own, times of today and the relay's own URL, and each filter that
 * names nobody is narrowed to these authors.
 *
 * @module
 */

import WebSocket from "ws";
import {
  type Conversation,
  type Exchange,
  type Line,
  parseConversations,
} from "../wire/conversation.ts";
import { SocketLine } from "../wire/socket_exchange.ts";

/** How long an answer is waited for, milliseconds. */
const SILENCE_MS = 3_000;

/** Connects to the relay at a URL. */
export class ForeignExchange implements Exchange {
  readonly isForeign = true;
  readonly #url: string;
  readonly #lines: SocketLine[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  nowS(): number {
    return Date.now() / 1_000;
  }

  async connect(): Promise<Line> {
    const line = new SocketLine(new WebSocket(this.#url, { perMessageDeflate: false }), SILENCE_MS);
    this.#lines.push(line);
    await line.opened;
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines) line.hangUp();
    await Promise.all(this.#lines.map(({ closed }) => closed));
  }
}

/** What a file of conversations is adapted to. */
export interface Surroundings {
  /** The relay's own URL, as AUTH and requests to vanish name it. */
  readonly relayUrl: string;
  /** Now, seconds since 1970. */
  readonly nowS: number;
  /** Part of the names of all authors, letters and digits: another one makes other keys. */
  readonly salt: string;
}

/** The times of the conversations begin here. */
const WRITTEN_AT = /\b17000000(\d\d)\b/g;

/** The conversations of a file, each with authors of its own. */
export function foreignConversations(
  text: string,
  surroundings: Surroundings,
): readonly Conversation[] {
  const count = parseConversations(text).length;
  return Array.from({ length: count }, (_, place) => {
    const salt = `${surroundings.salt}${place}`;
    const { title, steps } = parseConversations(adapted(text, { ...surroundings, salt }))[place]!;
    const authors = authorsOf(text, salt);
    return {
      title,
      steps: steps.map((step) =>
        step.type === "say" ? { ...step, text: narrowed(step.text, authors) } : step
      ),
    };
  });
}

function adapted(text: string, { relayUrl, nowS, salt }: Surroundings): string {
  const earlierS = Math.floor(nowS) - 1_000;
  return text
    .replaceAll(/^event (\S+) = (\w+)/gm, (_, name, author) => `event ${name} = ${author}${salt}`)
    .replaceAll(/\{\{(key |bare |auth |)([a-z]+)(?=[ }])/g, (whole, role, name) => {
      const isAuthor = role === "key " || role === "auth " || isAuthorIn(text, name);
      const proof = role === "auth " ? ` relay=${relayUrl}` : "";
      return isAuthor ? `{{${role}${name}${salt}${proof}` : whole;
    })
    .replaceAll(/wss:\/\/relay\.example\/?/gi, relayUrl)
    .replaceAll(WRITTEN_AT, (_, seconds) => `${earlierS + Number(seconds)}`);
}

function isAuthorIn(text: string, name: string): boolean {
  return new RegExp(`^event \\S+ = ${name} `, "m").test(text);
}

/** The public keys of all authors of a file. */
function authorsOf(text: string, salt: string): readonly string[] {
  const names = new Set([...text.matchAll(/^event \S+ = (\w+)/gm)].map(([, name]) => name));
  const asked = [...names].map((name) => `C: [{{key ${name}${salt}}}]`).join("\n");
  const [conversation] = parseConversations(`== the authors\n${asked}`);
  return conversation!.steps.map(({ text }) => JSON.parse(text)[0]);
}

/** A filter finds nothing of others; one that names somebody or something already does not. */
function narrowed(text: string, authors: readonly string[]): string {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return text;
  }
  if (!Array.isArray(message) || !["REQ", "COUNT", "NEG-OPEN"].includes(message[0])) return text;
  // What is written in another way than usual is what the conversation is about.
  if (JSON.stringify(message) !== text) return text;
  // Registers are only for filters of one tag value and nothing else.
  const own = message[0] === "COUNT" ? ["authors", "ids", "#p", "#e"] : ["authors", "ids", "#p"];
  let isChanged = false;
  const narrow = (filter: unknown) => {
    if (typeof filter !== "object" || filter === null || Array.isArray(filter)) return filter;
    if (own.some((field) => field in filter)) return filter;
    isChanged = true;
    return { ...filter, authors };
  };
  const changed = message.map((part, place) => place >= 2 ? narrow(part) : part);
  return isChanged ? JSON.stringify(changed) : text;
}
