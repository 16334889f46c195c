/**
 * The driver, and what it has to be told.
 *
 * @module
 */

import postgres from "postgres";
import { databaseError, type Statement } from "./database.ts";
import { isConnectionLost } from "./lost_connection.ts";
import { PostgresLink } from "./postgres_link.ts";
import { dialPostgres } from "./postgres_socket.ts";
import type { PostgresAddress, SslMode } from "./postgres_url.ts";
import type { StoreClock } from "../store_clock.ts";

/** One connection of the driver. */
export type Pool = ReturnType<typeof postgres>;

/** Somewhere that the driver sends statements: a connection or a transaction. */
export type Sender = Pick<Pool, "unsafe">;

/** A statement on its way. */
export type SentQuery = ReturnType<typeof send>;

/** How a connection is opened. */
export interface LinkOptions extends Partial<ListenerHooks> {
  readonly address: PostgresAddress;
  /** How it names itself to the server. */
  readonly name: string;
  /** After how long the server ends a statement, or a transaction that does nothing, milliseconds. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly max_pipeline: number;
  readonly clock: StoreClock;
}

/** What the driver calls; the first of them it does not document. */
export interface ListenerHooks {
  readonly onnotify: (channel: string, payload: string) => void;
  readonly onclose: () => void;
}

/**
 * The way through the indexes is decided in `plan.ts`. These leave Postgres no other: a plan is made once
 * for all parameters, and what would read more than is asked for, or compile code, is off. In words: the
 * driver leaves out what is false or zero.
 */
const settings = {
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  enable_memoize: "off",
  enable_material: "off",
  max_parallel_workers_per_gather: "0",
  jit: "off",
  // A server that has lost its client without a word lets go of its locks.
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
};

/** Parameters and columns are text on both sides, `bytea` too. */
const asText = { to: 17, from: [17], serialize: String, parse: String };

/**
 * A connection that is opened with its first statement. The driver would dial by itself; here the sockets are
 * ours, so that they can be closed whatever the driver waits for.
 */
export function openLink(options: LinkOptions): PostgresLink<Pool> {
  const { address, name, timeoutMs, connectTimeoutMs, clock: _clock, max_pipeline, ...hooks } =
    options;
  const [first] = address.hosts;
  return new PostgresLink<Pool>((link) => {
    const driverOptions = {
      ...(first !== undefined && { host: first.host, port: first.port }),
      ...(address.user !== undefined && { user: address.user }),
      ...(address.password !== undefined && { pass: address.password }),
      ...(address.database !== undefined && { database: address.database }),
      ...(address.sslMode !== undefined && { ssl: sslOf(address.sslMode) }),
      ...(address.targetSessionAttrs !== undefined && {
        target_session_attrs: address.targetSessionAttrs as "read-write",
      }),
      max: 1,
      max_lifetime: null,
      max_pipeline,
      connect_timeout: connectTimeoutMs / 1_000,
      backoff: () => 0.05,
      connection: {
        ...{ ...settings, ...address.parameters },
        ...{ application_name: name, statement_timeout: timeoutMs },
        // A relay that hangs must not keep its locks.
        ...{ idle_in_transaction_session_timeout: timeoutMs, tcp_user_timeout: timeoutMs },
      },
      fetch_types: false,
      types: { bytea: asText },
      onnotice: () => {},
      ...hooks,
      socket: dialer(link, options),
    };
    return postgres(driverOptions);
  });
}

/** What the driver calls for each socket: to answer statements, and to cancel one. */
function dialer(
  link: PostgresLink<Pool>,
  { address, connectTimeoutMs, clock }: LinkOptions,
) {
  let first = 0;
  return (chosen: { readonly host: readonly string[]; readonly port: readonly number[] }) => {
    const known = address.hosts.length > 0
      ? address.hosts
      : chosen.host.map((host, place) => ({ host, port: chosen.port[place]! }));
    // The driver dials again when a host is not of the kind that is asked for.
    const start = address.targetSessionAttrs === undefined ? 0 : first++ % known.length;
    const hosts = [...known.slice(start), ...known.slice(0, start)];
    const onSocket = link.own.bind(link);
    const timeoutMs = address.connectTimeoutMs ?? connectTimeoutMs;
    return dialPostgres({ hosts, timeoutMs, clock, onSocket });
  };
}

function sslOf(mode: SslMode) {
  if (mode === "disable") return false;
  return mode === "verify-ca" ? { checkServerIdentity: () => undefined } : mode;
}

/**
 * Sends a statement. Raw: bytes as they came, so that an event's JSON never becomes a string on its way.
 */
export function send(sender: Sender, { text, parameters }: Statement<unknown>, prepare = true) {
  const texts = parameters.map((one) => one instanceof Uint8Array ? `\\x${one.toHex()}` : one);
  return sender.unsafe(text, texts, { prepare }).raw();
}

/**
 * Asks the server to stop. Only what was sent: the driver would lose the connection of a query that is
 * still waiting for it to open. By the inner door, because the driver's own `cancel` does not say when its
 * request is through. Undefined when there is nothing to stop; may stay pending when the query ends meanwhile.
 */
export function requestCancel(query: SentQuery): Promise<unknown> | undefined {
  if (!("state" in query && "canceller" in query) || query.state === null) return undefined;
  if (typeof query.canceller !== "function") return undefined;
  return Promise.resolve(query.canceller(query));
}

/**
 * The process of the server that a statement was sent to, by its number; undefined before.
 */
export function backendOf(query: SentQuery): number | undefined {
  const { state } = query as { readonly state?: { readonly pid?: number } | null };
  return state?.pid ?? undefined;
}

/**
 * What an error of the driver means to the store.
 */
export function driverFailure(error: unknown): Error {
  if (error instanceof postgres.PostgresError) return databaseError(error, error.code);
  return databaseError(error instanceof Error ? error : new Error(String(error)), undefined);
}

/**
 * Whether the connection is of no more use after an error: the server has not merely refused a statement.
 */
export function endsConnection(error: unknown): boolean {
  if (!(error instanceof postgres.PostgresError)) return true;
  return isConnectionLost(error) || error.severity === "FATAL" || error.severity === "PANIC";
}

/**
 * How the server says that it ended a statement: for its time-out, or because it was asked to.
 */
export function cancellationOf(error: unknown): "timeout" | "request" | undefined {
  if (!(error instanceof postgres.PostgresError) || error.code !== "57014") return undefined;
  return error.message.includes("user request") ? "request" : "timeout";
}
