/**
 * The close codes.
 *
 * @see RFC 6455 §7.4
 * @module
 */

/**
 * The registered close codes by meaning.
 *
 * @see RFC 6455 §7.4.1
 */
export const CloseCode = {
  /** The purpose of the connection has been fulfilled. */
  normal: 1000,
  /** The server goes down, or the browser leaves the page. */
  goingAway: 1001,
  /** The peer broke the protocol. */
  protocolError: 1002,
  /** The peer sent a type of data that cannot be accepted, such as binary where text is spoken. */
  unsupportedData: 1003,
  /** Stands for a close frame without a code. Never sent. */
  noStatus: 1005,
  /** Stands for an end without a close frame. Never sent. */
  abnormal: 1006,
  /** A message whose bytes do not fit its type: text that is not UTF-8. */
  invalidPayload: 1007,
  /** A message that breaks a rule of this server. */
  policyViolation: 1008,
  /** A message too big to be processed. */
  messageTooBig: 1009,
  /** The server did not agree to an extension that the client needs. */
  extensionRequired: 1010,
  /** The server failed, and not because of the peer. */
  internalError: 1011,
  /** The server restarts; try again in a while. */
  serviceRestart: 1012,
  /** The server has too much to do; try elsewhere, or later. */
  tryAgainLater: 1013,
  /** A gateway got a bad answer from the server behind it. */
  badGateway: 1014,
  /** Stands for a failed TLS handshake. Never sent. */
  tlsHandshake: 1015,
} as const;

/** What the ranges of codes are for, and whether a close frame may carry them. Inclusive bounds. */
const ranges: readonly { readonly from: number; readonly to: number; readonly travels: boolean }[] =
  [
    { from: 0, to: 999, travels: false }, // "Status codes in the range 0-999 are not used."
    { from: 1000, to: 1003, travels: true },
    { from: 1004, to: 1006, travels: false }, // 1004 undefined; 1005 and 1006 only reported locally
    { from: 1007, to: 1014, travels: true },
    { from: 1015, to: 2999, travels: false }, // 1015 only local; the rest kept for future versions
    { from: 3000, to: 3999, travels: true }, // registered with IANA by libraries and applications
    { from: 4000, to: 4999, travels: true }, // private use
  ];

/**
 * Whether a close frame may carry `code`.
 *
 * @see RFC 6455 §7.4.2
 */
export function mayTravel(code: number): boolean {
  return ranges.some(({ from, to, travels }) => travels && from <= code && code <= to);
}
