/**
 * The settings of the Postgres driver, and what it does not offer by itself.
 *
 * @module
 */

import postgres from "postgres";
import { databaseError, type Statement } from "./database.ts";
import { NO_SUCH_HOST } from "./connect_fault.ts";
import { isConnectionLost } from "./lost_connection.ts";
import { PostgresLink } from "./postgres_link.ts";
import { dialPostgres } from "./postgres_socket.ts";
import type { PostgresAddress, PostgresHost, SslMode } from "./postgres_url.ts";
import type { StoreClock } from "../store_clock.ts";

/** One connection of the driver. */
export type Pool = ReturnType<typeof postgres>;

/** Something that the driver sends statements to: a connection or a transaction. */
export type Sender = Pick<Pool, "unsafe">;

/** A statement that has been sent. */
export type SentQuery = ReturnType<typeof send>;

interface LinkOptions extends Partial<ListenerHooks> {
  readonly address: PostgresAddress;
  /** Its `application_name`. */
  readonly name: string;
  /** `statement_timeout` and `idle_in_transaction_session_timeout`, milliseconds. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly max_pipeline: number;
  readonly clock: StoreClock;
  /** Whether it leads to a pooler, which refuses settings at the start. Default: no. */
  readonly isPooled?: boolean;
}

/** Callbacks of the driver; `onnotify` is undocumented. */
interface ListenerHooks {
  readonly onnotify: (channel: string, payload: string) => void;
  readonly onclose: () => void;
}

/**
 * `plan.ts` decides which index is used, and these settings leave the planner no other choice: one
 * generic plan for all parameters, no access path that reads more than is asked for, no JIT
 * compilation. Strings, because the driver omits values that are false or zero.
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
};

const keepAlive = {
  // So that a server releases the locks of a client that vanished.
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
};

/** Parameters and columns are text in both directions, `bytea` included. */
const asText = { to: 17, from: [17], serialize: String, parse: String };

/**
 * A connection that is opened with its first statement. It gives the driver our sockets, so that
 * they can be closed whatever the driver waits for.
 */
export function openLink(options: LinkOptions): PostgresLink<Pool> {
  const { address, name, connectTimeoutMs, clock: _clock, max_pipeline, isPooled, ...rest } =
    options;
  const { timeoutMs, ...hooks } = rest;
  const [first] = address.hosts;
  return new PostgresLink<Pool>((link) => {
    const driverOptions = {
      ...(first !== undefined && { host: namesFor(first, address), port: first.port }),
      ...(address.user !== undefined && { user: address.user }),
      ...(address.password !== undefined && { pass: address.password }),
      ...(address.database !== undefined && { database: address.database }),
      ...(address.sslMode !== undefined && { ssl: sslOf(address.sslMode) }),
      ...(address.targetSessionAttrs !== undefined && {
        target_session_attrs: attributesOf(address.targetSessionAttrs),
      }),
      max: 1,
      max_lifetime: null,
      max_pipeline,
      connect_timeout: connectTimeoutMs / 1_000,
      backoff: () => 0.05,
      connection: isPooled === true ? { application_name: name } : {
        ...{ ...keepAlive, ...settingsOf(options) },
        tcp_user_timeout: timeoutMs,
      },
      // The driver's own COMMIT, too: it would be unknown on another server connection, and the driver
      // sends it again in what is a failed transaction by then, without an error.
      prepare: isPooled !== true,
      fetch_types: false,
      types: { bytea: asText },
      onnotice: () => {},
      ...hooks,
      socket: dialer(link, options),
    };
    return postgres(driverOptions);
  });
}

/**
 * The driver looks at `default_transaction_read_only` alone, which is off on a standby, too, and so
 * takes one for a server that may be written to.
 */
function attributesOf(attributes: string) {
  const inHotStandby: Readonly<Record<string, "primary" | "standby">> = {
    "read-write": "primary",
    "read-only": "standby",
  };
  return inHotStandby[attributes] ?? attributes as "prefer-standby";
}

function settingsOf({ address, name, timeoutMs }: SettingsOptions) {
  return {
    ...{ ...settings, ...address.parameters },
    ...{ application_name: name, statement_timeout: timeoutMs },
    // So that a relay that hangs does not keep its locks.
    idle_in_transaction_session_timeout: timeoutMs,
  };
}

type SettingsOptions = Pick<LinkOptions, "address" | "name" | "timeoutMs">;

/**
 * Sets for one transaction what {@link openLink} sets for a connection, and returns the process id of
 * the server process: a pooler lends another one to each transaction, and tells a number of its own.
 */
export function localSettings(options: SettingsOptions): string {
  const calls = Object.entries(settingsOf(options)).map(([name, value]) =>
    `set_config(${quoted(name)}, ${quoted(String(value))}, true)`
  );
  return `select pg_backend_pid() as pid, ${calls.join(", ")}`;
}

/** A string literal, whatever the server does with backslashes. */
function quoted(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** How often each of several hosts is tried before there is no such server. */
const ROUNDS = 2;

/**
 * The hosts that the driver is told. It asks for another socket when a host does not have the
 * requested `target_session_attrs`, as long as it knows a second one, and then never rejects: so the
 * dialer takes that away when there is no further host to try.
 */
function namesFor({ host }: PostgresHost, { targetSessionAttrs }: PostgresAddress): string {
  return targetSessionAttrs === undefined ? host : `${host},${host}`;
}

/** Opens each socket of the driver: those for statements and those for cancel requests. */
function dialer(
  link: PostgresLink<Pool>,
  { address, connectTimeoutMs, clock }: LinkOptions,
) {
  const attributes = address.targetSessionAttrs;
  let tries = 0;
  /** Where the socket for statements leads, and so must that for a cancel request. */
  let place = 0;
  return async (chosen: { readonly host: string[]; readonly port: readonly number[] }) => {
    const known = address.hosts.length > 0
      ? address.hosts
      : chosen.host.map((host, place) => ({ host, port: chosen.port[place]! }));
    const isChoosing = attributes !== undefined && !link.hasAnswered;
    if (isChoosing && tries >= ROUNDS * known.length) {
      chosen.host.length = 1;
      throw noSuchHost(attributes);
    }
    if (isChoosing) place = tries++ % known.length;
    const hosts = [...known.slice(place), ...known.slice(0, place)];
    const onSocket = link.own.bind(link);
    const timeoutMs = address.connectTimeoutMs ?? connectTimeoutMs;
    const { socket, host } = await dialPostgres({ hosts, timeoutMs, clock, onSocket })
      .catch((error) => {
        chosen.host.length = 1;
        throw error;
      });
    place = known.indexOf(host);
    return socket;
  };
}

/** What `connectFault` waits for: a host may become what is asked for. */
function noSuchHost(attributes: string): Error {
  return Object.assign(new Error(`no host is ${attributes}`), { code: NO_SUCH_HOST });
}

function sslOf(mode: SslMode) {
  if (mode === "disable") return false;
  return mode === "verify-ca" ? { checkServerIdentity: () => undefined } : mode;
}

/**
 * Sends a statement. Rows come as raw bytes, so that the JSON of an event is never decoded to a
 * string.
 */
export function send(sender: Sender, { text, parameters }: Statement<unknown>, prepare = true) {
  const texts = parameters.map((one) => one instanceof Uint8Array ? `\\x${one.toHex()}` : one);
  return sender.unsafe(text, texts, { prepare }).raw();
}

/** What the driver gives for a statement, see `readRows`. */
type RawRows = Iterable<readonly Buffer[] | undefined>;

/** A statement that is under way. */
export interface Underway {
  readonly rows: Promise<RawRows>;
  /** See {@link requestCancel}. */
  readonly cancel: () => Promise<unknown> | undefined;
}

/**
 * Sends a statement through a pooler: in a transaction of its own, for which {@link localSettings}
 * hold, and not prepared, because the next one may run on another server connection.
 */
export function sendPooled(
  pool: Pool,
  statement: Statement<unknown>,
  local: string,
): Underway {
  let query: SentQuery | undefined;
  let isCancelled = false;
  const transaction = pool.begin(async (sql) => {
    if (isCancelled) return { found: [] };
    const isSet = sql.unsafe(local);
    query = send(sql, statement, false);
    // In this order: the driver sends a statement when it is first waited for.
    const [, found] = await Promise.all([isSet, query]);
    return { found };
  });
  const rows = transaction.then(({ found }): RawRows => found);
  const cancel = () => {
    isCancelled = true;
    return query && requestCancel(query);
  };
  return { rows, cancel };
}

/**
 * Sends a cancel request for a query. Not for one that has not been sent yet, because the driver
 * would lose the connection that is being opened for it. Uses an undocumented method, because
 * `cancel` does not report when the request has been processed. Undefined when there is nothing to
 * cancel; may stay pending when the query ends meanwhile.
 */
export function requestCancel(query: SentQuery): Promise<unknown> | undefined {
  if (!("state" in query && "canceller" in query) || query.state === null) return undefined;
  if (typeof query.canceller !== "function") return undefined;
  return Promise.resolve(query.canceller(query));
}

/** The process id of the server process that a statement was sent to; undefined before. */
export function backendOf(query: SentQuery): number | undefined {
  const { state } = query as { readonly state?: { readonly pid?: number } | null };
  return state?.pid ?? undefined;
}

/** Maps an error of the driver to an error of the store. */
export function driverFailure(error: unknown): Error {
  if (error instanceof postgres.PostgresError) return databaseError(error, error.code);
  return databaseError(error instanceof Error ? error : new Error(String(error)), undefined);
}

/**
 * Whether the connection cannot be used after an error: the server has not merely rejected a
 * statement.
 */
export function endsConnection(error: unknown): boolean {
  if (!(error instanceof postgres.PostgresError)) return true;
  return isConnectionLost(error) || error.severity === "FATAL" || error.severity === "PANIC";
}

/**
 * Why the server cancelled a statement: its timeout, or a cancel request. Undefined for other
 * errors.
 */
export function cancellationOf(error: unknown): "timeout" | "request" | undefined {
  if (!(error instanceof postgres.PostgresError) || error.code !== "57014") return undefined;
  return error.message.includes("user request") ? "request" : "timeout";
}
