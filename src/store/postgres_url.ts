/**
 * Where a Postgres server is.
 *
 * @module
 */

/** A server's address in the two parts that the driver takes. */
export interface PostgresAddress {
  /** Without the directory of a socket. */
  readonly url: string;
  /** The directory of a Unix socket, when that is how the server is reached. */
  readonly host?: string;
}

/**
 * Takes the directory of a Unix socket out of a `postgres://` URL, where it stands percent-encoded as the
 * host or as `?host=/run/postgresql` beside any host. The driver knows neither.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { postgresAddress } from "./postgres_url.ts";
 *
 * deepEqual(postgresAddress("postgres://relay@localhost/events?host=/run/postgresql"), {
 *   url: "postgres://relay@localhost/events",
 *   host: "/run/postgresql",
 * });
 * deepEqual(postgresAddress("postgres://relay@db/events"), { url: "postgres://relay@db/events" });
 * ```
 */
export function postgresAddress(url: string): PostgresAddress {
  const plain = new URL(url);
  const host = plain.searchParams.get("host") ?? decodeURIComponent(plain.hostname);
  plain.searchParams.delete("host");
  return host.startsWith("/") ? { url: plain.href, host } : { url };
}
