/**
 * `gallimimus stream`: prints new events of other relays as JSON Lines, as they come.
 *
 * @see NIP-01
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import { LruMap } from "../../base/lru_map.ts";
import { messageOf } from "../../base/error_text.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { eventJson } from "../../nostr/event_json.ts";
import { matches } from "../../nostr/match.ts";
import type { Connection } from "../../net/connection.ts";
import { oneLine, RemoteRefusal } from "../../sync/remote_refusal.ts";
import { RemoteRelay } from "../../sync/remote_relay.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { relayUrl } from "../command_line/argument_values.ts";
import type { Command } from "../command_line/commander.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain } from "../command_line/with_store.ts";
import { sha256OfText } from "../system/sha256.ts";
import { LastingRemote, type RemoteUser } from "../transfer/lasting_remote.ts";
import { REMOTE_TIMEOUT_MS } from "../transfer/remote_connection.ts";
import {
  type RemoteFlags,
  type RemoteTask,
  remoteTaskOf,
  withFilterOptions,
} from "./remote_options.ts";

/** Of how many events it is remembered that they were printed: several relays send the same. */
const REMEMBERED_EVENTS = 100_000;

/** With so many events waiting to be written, the relays are not read from until they are. */
const MAX_WAITING = 1_000;

/** What was published while a connection was down is asked for from so long before, seconds. */
const OVERLAP_S = 60;

/** Adds the command to the program. */
export function defineStream(program: Command, run: RunCommand): void {
  const command = program.command("stream")
    .description("print new events of other relays until interrupted, one JSON object a line")
    .argument("<urls...>", "the relays, ws:// or wss://", oneMoreUrl);
  withSettingOptions(withFilterOptions(command))
    .action((urls: readonly string[], options: RemoteFlags & SettingOptions) =>
      run(options, (context) => stream(context, urls, options))
    );
}

/** Prints each event once. Ends when interrupted, or when the reader closes the pipe. */
export async function stream(
  context: CommandContext,
  urls: readonly string[],
  flags: RemoteFlags,
): Promise<ExitCode> {
  const task = await remoteTaskOf(flags, context);
  if ("fault" in task) return await complain(context, task.fault);
  const printer = new Printer(context);
  const following = urls.map((url) => new Following({ ...task, url, context, printer }));
  try {
    await printer.ended;
  } finally {
    await Promise.all(following.map((each) => each.stop()));
  }
  return exitCode.done;
}

/** Writes events in order, each once, and holds connections while too many wait. */
class Printer {
  /** Resolves when nothing more is to be printed; rejects when it cannot be. */
  readonly ended: Promise<void>;
  readonly #context: CommandContext;
  /** Hashes of what was printed. Under an id that nobody checks, a relay could withhold another's event. */
  readonly #seen = new LruMap<string, true>(REMEMBERED_EVENTS);
  readonly #connections = new Set<Connection>();
  readonly #end: () => void;
  readonly #fail: (error: unknown) => void;
  #waiting: string[] = [];
  #isWriting = false;

  constructor(context: CommandContext) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#context = context;
    this.ended = promise;
    this.#end = resolve;
    this.#fail = reject;
    context.stop.addEventListener("abort", () => resolve(), { once: true });
    if (context.stop.aborted) resolve();
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection);
  }

  print(event: NostrEvent): void {
    const json = eventJson(event);
    const hash = sha256OfText(json);
    if (this.#seen.get(hash) !== undefined) return;
    this.#seen.set(hash, true);
    this.#waiting.push(`${json}\n`);
    // Again for each: a connection may have been opened meanwhile.
    if (this.#waiting.length >= MAX_WAITING) {
      for (const connection of this.#connections) connection.pause();
    }
    if (!this.#isWriting) this.#write().catch(this.#fail);
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.join("");
      this.#waiting = [];
      if (!await this.#context.streams.stdout.write(utf8(lines))) this.#end();
      for (const connection of this.#connections) connection.resume();
    }
    this.#isWriting = false;
  }
}

/** What {@link Following} needs. */
interface FollowingOptions extends RemoteTask {
  readonly url: string;
  readonly context: CommandContext;
  readonly printer: Printer;
}

/** A relay that is followed, over as many connections as it takes. */
class Following {
  readonly #options: FollowingOptions;
  readonly #lasting: LastingRemote;
  /** When the last connection ended, seconds since 1970. */
  #lostS: number | undefined;
  #isAway = false;

  constructor(options: FollowingOptions) {
    const { url, context: { clock, random, log } } = options;
    this.#options = options;
    this.#lasting = new LastingRemote({
      ...{ url, clock, random, log },
      open: (connection) => this.#open(connection),
      away: (why) => this.#away(why),
    });
  }

  stop(): Promise<void> {
    return this.#lasting.stop();
  }

  /** Said once until there is a connection again. */
  #away(why: string): void {
    if (!this.#isAway) this.#note(`is away: ${why}`);
    this.#isAway = true;
  }

  #note(text: string): void {
    const { url, context: { streams } } = this.#options;
    void streams.stderr.write(utf8(`gallimimus: ${url} ${text}\n`));
  }

  #open(connection: Connection): RemoteUser {
    const { url, signer, printer, context: { clock } } = this.#options;
    const timeoutMs = REMOTE_TIMEOUT_MS;
    const remote = new RemoteRelay({ socket: connection, url, clock, timeoutMs, signer });
    if (this.#isAway) this.#note("is back");
    this.#isAway = false;
    printer.add(connection);
    return {
      receive: (text) => remote.receive(text),
      closed: (why) => {
        printer.remove(connection);
        this.#lostS = Math.floor(clock.nowMs() / 1_000);
        remote.disconnected(why);
      },
      done: this.#follow(remote).catch((error: unknown) => {
        // The end of the connection is told by itself.
        const isGone = error instanceof RemoteRefusal && error.kind === "gone";
        if (!isGone) this.#note(oneLine(messageOf(error)));
      }),
    };
  }

  /** Subscribes to what is new, and asks for what came while there was no connection. */
  async #follow(remote: RemoteRelay): Promise<void> {
    const { filter, filterJson, signer, printer } = this.#options;
    const { limit: _limit, ...condition } = filter;
    const print = (event: NostrEvent) => {
      if (matches(condition, event)) printer.print(event);
    };
    if (signer !== undefined) await remote.authenticated();
    remote.subscribe({ ...filterJson, limit: filter.limit ?? 0 }, {
      event: print,
      malformed() {},
      closed: ({ message }) => this.#note(`has ended the subscription: ${message}`),
    });
    if (this.#lostS === undefined) return;
    const since = Math.max(this.#lostS - OVERLAP_S, filter.since ?? 0);
    const { events } = await remote.query({ ...filterJson, since });
    for (const event of [...events].reverse()) print(event);
  }
}

function oneMoreUrl(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, relayUrl(text)];
}
