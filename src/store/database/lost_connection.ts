/**
 * Tells a lost connection from a failed statement.
 *
 * @module
 */

/**
 * Whether an error of the driver means that an open connection was lost, with a last message of the
 * server or without one. Not when a connection could not be opened.
 */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && "code" in error && CODES.has(String(error.code));
}

const CODES: ReadonlySet<string> = new Set([
  "57P01", // told to end
  "57P02", // another process of the server crashed
  "57P03", // starts, recovers or stops; the driver gives this to the first statement after it, too
  "57P05", // idle for too long
  "CONNECTION_CLOSED", // the driver's own codes
  "CONNECTION_DESTROYED",
  "CONNECTION_DROPPED", // ours
  "ECONNRESET", // the socket's
  "EPIPE",
]);
