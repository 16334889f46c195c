/**
 * Answers the commands of a running relay's operator: lends them its store, and says what it does.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { concat, utf8Decode } from "../../base/bytes.ts";
import { messageOf } from "../../base/error_text.ts";
import { bind, type Bound } from "../../net/server/bind.ts";
import type { QueryOptions } from "../../store/event_store.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import type { Activity } from "../activity/activity.ts";
import { version } from "../version.ts";
import { SOCKET_MODE } from "./control_socket.ts";
import { call, changesRules, frames, isCall, isStream, Refused } from "./lent_store.ts";
import { ACTIVITY, decode, type Frame, frameBytes, VERSION_HEADER } from "./wire.ts";

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
    const { activity, store, onRulesChanged } = this.#options;
    if (method === ACTIVITY && activity !== undefined) return yield { value: await activity() };
    if (store === undefined) throw new Refused(404, "this relay lends no database to commands");
    const question = { args, reading: { ...reading, pieceBytes: () => PIECE_BYTES } };
    if (isCall(method)) {
      yield { value: await call(store, method, question) };
      if (changesRules(method)) await onRulesChanged();
      return;
    }
    if (!isStream(method)) throw new Refused(404, `there is no method ${method}`);
    yield* frames(store, method, question);
  }
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
