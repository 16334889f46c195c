/**
 * Parses the URL of a Postgres server.
 *
 * @module
 */

import { StoreUnavailable } from "../event_store.ts";

/** A host, or the directory of a Unix socket, and a port. */
export interface PostgresHost {
  readonly host: string;
  readonly port: number;
}

/** How a connection is encrypted: `sslmode` of libpq. */
export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

/**
 * What a URL says. What it omits comes from the environment (`PGHOST`, `PGUSER`, …) or is the
 * default.
 */
export interface PostgresAddress {
  /** In the order in which they are tried; empty when the URL names none. */
  readonly hosts: readonly PostgresHost[];
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly sslMode?: SslMode;
  readonly targetSessionAttrs?: string;
  readonly connectTimeoutMs?: number;
  /** Settings of the session. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The URL is malformed, or asks for something unsupported. */
class BadPostgresUrl extends StoreUnavailable {}

const DEFAULT_PORT = 5432;

const SHAPE = /^postgres(?:ql)?:\/\/(?:([^/?]*)@)?([^/?@]*)(?:\/([^?]*))?(?:\?(.*))?$/s;

/** An address in brackets or a name, and a port. */
const HOST = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;

const SSL_MODES: ReadonlyMap<string, SslMode> = new Map([
  ["disable", "disable"],
  ["false", "disable"],
  // The driver cannot try without encryption first and then with it.
  ["allow", "prefer"],
  ["prefer", "prefer"],
  ["require", "require"],
  ["true", "require"],
  ["verify-ca", "verify-ca"],
  ["verify-full", "verify-full"],
]);

/** The parameters of libpq that are part of the address. */
const ADDRESS_KEYS: ReadonlySet<string> = new Set([
  ...["host", "hostaddr", "port", "user", "password", "dbname"],
  ...["sslmode", "ssl", "sslrootcert", "target_session_attrs", "connect_timeout"],
]);

/** Parameters of libpq that this relay sets itself, or has no use for. */
const IGNORED_KEYS: ReadonlySet<string> = new Set([
  ...["application_name", "fallback_application_name", "client_encoding"],
  ...["keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"],
  ...["tcp_user_timeout", "gssencmode", "sslsni", "sslcompression", "load_balance_hosts"],
]);

/** Parameters of libpq that are not supported, and cannot be ignored safely. */
const UNSUPPORTED_KEYS: ReadonlySet<string> = new Set([
  ...["sslcert", "sslkey", "sslpassword", "sslcrl", "sslcrldir", "service", "passfile"],
  ...[
    "channel_binding",
    "require_auth",
    "requirepeer",
    "gssdelegation",
    "krbsrvname",
    "replication",
  ],
]);

/**
 * Parses a `postgres://` or `postgresql://` URL as `psql` does: several hosts, a Unix socket as a
 * percent-encoded host or as `?host=/run/postgresql`, percent-encoding everywhere, and omitted
 * parts.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 *
 * @throws BadPostgresUrl
 */
export function postgresAddress(url: string): PostgresAddress {
  const [, account = "", authority = "", path = "", search = ""] = SHAPE.exec(url) ??
    bad("it is not of the form postgres://user:password@host:port/database");
  const query = new Map(new URLSearchParams(search.replaceAll("+", "%2B")));
  const unsupported = [...query.keys()].find((key) => UNSUPPORTED_KEYS.has(key));
  if (unsupported !== undefined) bad(`the parameter ${unsupported} is not supported`);
  const colon = account.indexOf(":");
  const names = query.get("hostaddr") ?? query.get("host");
  const sslMode = sslModeOf(query);
  const timeoutS = Number(query.get("connect_timeout") ?? 0);
  const user = query.get("user") || decode(colon < 0 ? account : account.slice(0, colon));
  const password = query.get("password") || (colon < 0 ? "" : decode(account.slice(colon + 1)));
  const database = query.get("dbname") || decode(path);
  const attributes = query.get("target_session_attrs");
  return {
    hosts: hostsOf(authority, names, query.get("port")),
    ...(user !== "" && { user }),
    ...(password !== "" && { password }),
    ...(database !== "" && { database }),
    ...(sslMode !== undefined && { sslMode }),
    ...(attributes !== undefined && attributes !== "any" && { targetSessionAttrs: attributes }),
    ...(timeoutS > 0 && { connectTimeoutMs: timeoutS * 1_000 }),
    parameters: Object.fromEntries(
      [...query].filter(([key]) => !ADDRESS_KEYS.has(key) && !IGNORED_KEYS.has(key)),
    ),
  };
}

function sslModeOf(query: ReadonlyMap<string, string>): SslMode | undefined {
  const root = query.get("sslrootcert");
  if (root === "system") return "verify-full";
  if (root !== undefined) bad("of sslrootcert only the value system is supported");
  const mode = query.get("sslmode") ?? query.get("ssl");
  if (mode === undefined) return undefined;
  return SSL_MODES.get(mode) ?? bad(`there is no sslmode ${mode}`);
}

/** As in libpq, one port applies to all hosts, or each has its own. */
function hostsOf(
  authority: string,
  names: string | undefined,
  ports: string | undefined,
): readonly PostgresHost[] {
  const texts = names?.split(",") ?? (authority === "" ? [] : authority.split(","));
  const given = ports?.split(",");
  return texts.flatMap((text, place) => {
    const [, name, own] = names === undefined
      ? HOST.exec(text) ?? bad("a port is wrong")
      : ["", text];
    const host = decode(name!).replace(/^\[|\]$/g, "");
    const fallback = portOf(authority) ?? DEFAULT_PORT;
    const port = Number(own || (given?.[place] ?? given?.[0]) || (names ? fallback : DEFAULT_PORT));
    if (!(port > 0 && port < 65_536)) bad("a port is wrong");
    return host === "" ? [] : [{ host, port }];
  });
}

/** The port of a host that a parameter replaces. */
function portOf(authority: string): number | undefined {
  const port = HOST.exec(authority)?.[2];
  return port ? Number(port) : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    bad("a % is not followed by two hexadecimal digits; a % itself is written %25");
  }
}

function bad(why: string): never {
  throw new BadPostgresUrl(`the database URL cannot be followed: ${why}`);
}
