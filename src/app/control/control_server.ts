/**
 * Answers the commands of a running relay's operator: lends them its store, and says what it does.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { concat, utf8Decode } from "../../base/bytes.ts";
import { messageOf } from "../../base/error_text.ts";
import { bind, type Bound } from "../../net/server/bind.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { EventRecord, QueryOptions } from "../../store/event_store.ts";
import { readRecord } from "../../store/feed/feed_statements.ts";
import type { StoreState } from "../../store/write/store_state.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import type { Activity } from "../activity/activity.ts";
import { version } from "../version.ts";
import { SOCKET_MODE } from "./control_socket.ts";
import {
  ACTIVITY,
  CALLS,
  decode,
  type Frame,
  frameBytes,
  STATE_CALLS,
  STATE_STREAMS,
  STREAMS,
  VERSION_HEADER,
} from "./wire.ts";

/** What {@link ControlServer} needs. */
export interface ControlServerOptions {
  /**
   * The relay's store, with its window: what commands change there holds at once. None where commands
   * open the database themselves.
   */
  readonly store?: TidyStore | undefined;
  /** What the relay does just now and for whom. Default: it does not say. */
  readonly activity?: () => Promise<Activity>;
  /** Called after a command has changed the operator's rules. */
  readonly onRulesChanged: () => Promise<void>;
}

/**
 * How many requests are answered at once. An import has four at a time, any other command one. Only the
 * operator can send them, so that it is no limit on anybody else.
 */
const MAX_REQUESTS = 32;

/** The longest request, bytes: a batch of an import has about 4 MiB, and one event more. */
const MAX_BODY_BYTES = 64 * 1_048_576;

/** How much of an answer is read at a time, bytes: a millisecond or two of the thread. */
const PIECE_BYTES = 131_072;

/** A refused request: the status and a sentence. */
class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers at a Unix socket until it is closed. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  #bound: Bound | undefined;
  #requests = 0;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    // A body may take as long as whoever writes it; there are few, and all are the operator's.
    this.#server.requestTimeout = 0;
  }

  /**
   * Starts to answer at `path`. A socket that a killed relay left there is removed.
   *
   * Rejects with the system's error if the path cannot be had.
   */
  static async open(path: string, options: ControlServerOptions): Promise<ControlServer> {
    const control = new ControlServer(options);
    const at = { type: "unix" as const, path };
    control.#bound = await bind(control.#server, at, { socketMode: SOCKET_MODE });
    return control;
  }

  /** Cuts off the commands that are still at it, and removes the socket. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
    await this.#bound?.cleanUp();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests++;
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      this.#admit(request);
      const args = decode(await bodyOf(request)) as readonly unknown[];
      const reading = { signal: gone.signal, ready: () => drained(response) };
      const frames = this.#frames(request.url?.slice(1) ?? "", args, reading);
      for await (const frame of frames) {
        await send(response, frame);
        // Leaving the loop ends the query.
        if (gone.signal.aborted) return;
      }
      await send(response, { end: true });
      response.end();
    } catch (error) {
      if (!gone.signal.aborted) fail(response, error);
    } finally {
      this.#requests--;
    }
  }

  #admit({ method, headers }: IncomingMessage): void {
    const theirs = headers[VERSION_HEADER];
    if (theirs !== version) {
      const text = `the running relay is version ${version}, this command ${theirs ?? "unknown"}`;
      throw new Refused(409, `${text}: use the same, or restart the relay`);
    }
    if (method !== "POST") throw new Refused(405, "ask with POST");
    if (this.#requests > MAX_REQUESTS) {
      throw new Refused(503, "the running relay is busy with other commands: try again later");
    }
  }

  async *#frames(
    method: string,
    args: readonly unknown[],
    reading: Pick<QueryOptions, "signal" | "ready">,
  ): AsyncGenerator<Frame> {
    const { activity } = this.#options;
    if (method === ACTIVITY && activity !== undefined) return yield { value: await activity() };
    if (isOneOf(CALLS, method)) return yield { value: await this.#call(method, args) };
    if (isOneOf(STATE_CALLS, method)) return yield { value: await this.#callState(method, args) };
    if (isOneOf(STATE_STREAMS, method)) return yield* this.#stateFrames(method, reading);
    if (!isOneOf(STREAMS, method)) throw new Refused(404, `there is no method ${method}`);
    const store = this.#store;
    // The arguments are those of a command of this version, run by this user.
    const [filters, asked] = args as [readonly ReqFilter[], QueryOptions];
    const options = { ...asked, ...reading, pieceBytes: () => PIECE_BYTES };
    if (method === "query") {
      for await (const events of store.query(filters, options)) yield { events };
    } else {
      const values = method === "identify"
        ? store.identify(filters, options)
        : store.reindex(reading);
      for await (const value of values) yield { value };
    }
  }

  get #store(): TidyStore {
    const { store } = this.#options;
    if (store === undefined) throw new Refused(404, "this relay lends no database to commands");
    return store;
  }

  /** What a backup reads. */
  async *#stateFrames(
    method: typeof STATE_STREAMS[number],
    reading: Pick<QueryOptions, "signal" | "ready">,
  ): AsyncGenerator<Frame> {
    const options = { ...reading, pieceBytes: () => PIECE_BYTES };
    if (method === "events") {
      for await (const events of this.#state.events(options)) yield { events };
    } else {
      for await (const value of this.#state.tombstones(options)) yield { value };
    }
  }

  async #callState(
    method: typeof STATE_CALLS[number],
    args: readonly unknown[],
  ): Promise<unknown> {
    const state = this.#state;
    const call = state[method] as (...args: readonly unknown[]) => Promise<unknown>;
    const value = await call.apply(state, [...args]);
    if (method === "addRules") await this.#options.onRulesChanged();
    return value;
  }

  get #state(): StoreState {
    const { state } = this.#store;
    if (state === undefined) throw new Refused(400, "the running relay keeps nothing");
    return state;
  }

  async #call(method: typeof CALLS[number], args: readonly unknown[]): Promise<unknown> {
    const store = this.#store;
    if (method === "put") return await store.put((args[0] as readonly Uint8Array[]).map(recordOf));
    if (method === "rewrite") {
      const [id, json] = args as readonly [string, Uint8Array];
      return await store.rewrite(id, recordOf(json));
    }
    const call = store[method] as (...args: readonly unknown[]) => Promise<unknown>;
    const value = await call.apply(store, [...args]);
    if (method === "changeRules") await this.#options.onRulesChanged();
    return value;
  }
}

function isOneOf<Name extends string>(names: readonly Name[], text: string): text is Name {
  return (names as readonly string[]).includes(text);
}

function recordOf(json: Uint8Array): EventRecord {
  const record = readRecord(json);
  if (record === undefined) throw new Refused(400, "not all of these are events");
  return record;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > MAX_BODY_BYTES) throw new Refused(413, "the request is too long");
    parts.push(part);
  }
  return utf8Decode(concat(parts)) ?? "";
}

async function send(response: ServerResponse, frame: Frame): Promise<void> {
  if (!response.write(frameBytes(frame))) await drained(response);
}

/** Resolves when the reader has taken what was written, or is gone; undefined if it has. */
function drained(response: ServerResponse): Promise<void> | undefined {
  if (!response.writableNeedDrain || response.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

/** Says what went wrong: by the status, or in a frame if the answer has begun. */
function fail(response: ServerResponse, error: unknown): void {
  if (!response.headersSent) response.statusCode = error instanceof Refused ? error.status : 500;
  // What was not read of the request would be taken for the next one.
  if (!response.headersSent) response.setHeader("connection", "close");
  const message = messageOf(error);
  response.end(frameBytes({ error: message }));
}
