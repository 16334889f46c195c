/**
 * Why no connection to a Postgres server can be made, and what mends it.
 *
 * @module
 */

import { StoreUnavailable } from "../event_store.ts";

/** No server answers, or not yet: it may help to wait. */
export class ServerAway extends StoreUnavailable {}

/** A code of the system, of the driver or of Postgres, and what an operator does about it. */
type Mend = readonly [codes: readonly string[], mend: string];

/** The code of an error: no host of a URL has the `target_session_attrs` that the URL asks for. */
export const NO_SUCH_HOST = "NO_SUCH_HOST";

const AWAY: readonly Mend[] = [
  [["ECONNREFUSED"], "no Postgres server listens there: start it, or correct database.url"],
  [
    ["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME"],
    "the host of database.url has no address: correct its name, or see to the name server",
  ],
  [
    ["ETIMEDOUT", "CONNECT_TIMEOUT", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN"],
    "the server does not answer: look whether it runs, and whether a firewall is in between",
  ],
  [["ENOENT"], "there is no such Unix socket: start the server, or correct database.url"],
  [
    ["ECONNRESET", "EPIPE", "CONNECTION_CLOSED", "CONNECTION_ENDED", "CONNECTION_DESTROYED"],
    "the server closed the connection: its log says why",
  ],
  [[NO_SUCH_HOST], "promote one of them, or correct target_session_attrs in database.url"],
  // cannot_connect_now, admin_shutdown, crash_shutdown
  [["57P03", "57P01", "57P02"], "the server starts or stops: wait for it"],
  // too_many_connections
  [
    ["53300"],
    "raise max_connections of the server, or the connection limit of the user or the database, " +
    "or lower database.pool_size",
  ],
];

const WRONG: readonly Mend[] = [
  // invalid_password
  [["28P01"], "correct the user and the password in database.url"],
  // invalid_authorization_specification
  [
    ["28000"],
    "make the user with: createuser NAME, and let it in by a line in pg_hba.conf of the server, " +
    "or correct database.url",
  ],
  // invalid_catalog_name
  [["3D000"], "make it with: createdb --owner=USER NAME, or correct database.url"],
  // insufficient_privilege: no CONNECT
  [["42501"], "allow it with: grant connect on database NAME to USER"],
  [
    ["EACCES", "EPERM"],
    "the relay's user may not connect to that Unix socket: give it the right to",
  ],
];

const NO_TLS = "the server does not speak TLS, which sslmode in database.url asks for: " +
  "turn ssl on at the server, or use sslmode=disable on a network that you trust";

/** The error with a sentence that says what to do; {@link ServerAway} where waiting may help. */
export function connectFault(error: Error): StoreUnavailable {
  if (/before secure TLS|does not support SSL/.test(error.message)) {
    return new StoreUnavailable(NO_TLS, { cause: error });
  }
  const code = codeOf(error);
  const mendIn = (mends: readonly Mend[]) => mends.find(([codes]) => codes.includes(code))?.[1];
  const sentence = (mend: string) => `${error.message}: ${mend}`;
  const away = mendIn(AWAY);
  if (away !== undefined) return new ServerAway(sentence(away), { cause: error });
  const wrong = mendIn(WRONG);
  return new StoreUnavailable(wrong === undefined ? error.message : sentence(wrong), {
    cause: error,
  });
}

/** The code of the error, or of what caused it; empty if there is none. */
function codeOf(error: Error): string {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string") return cause.code;
  }
  return "";
}
