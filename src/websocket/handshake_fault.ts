/**
 * All faults of a server's response to the opening handshake, in one table. There is no connection yet
 * that could be closed with a code: the client drops the socket.
 *
 * @see RFC 6455 §4.1
 * @module
 */

/** Why a client did not get its connection. A value, never thrown by the handshake itself. */
export interface HandshakeFault {
  /** Tells it from an answer that is good. */
  readonly type: "fault";
  /** Stable: metrics and logs count by it. */
  readonly name: string;
  /** For people. */
  readonly sentence: string;
  /** The sentence of the standard that was violated, or that allows the refusal. */
  readonly clause: string;
  /** The status of the response, where it was another than 101. */
  readonly status?: number;
  /** The target of a redirect, which is not followed: the caller decides. */
  readonly location?: string;
}

/** The faults by name. */
export const handshakeFaults = {
  malformedResponse: fault(
    "malformed-response",
    "the answer is not a response of HTTP/1.1",
    "RFC 6455 §4.1",
  ),
  longResponse: fault(
    "long-response",
    "the head of the response is longer than is allowed here",
    "RFC 6455 §10.4",
  ),
  missingResponse: fault(
    "missing-response",
    "the server ended the connection without an answer",
    "RFC 6455 §4.1",
  ),
  lateResponse: fault(
    "late-response",
    "the server did not answer in time",
    "RFC 6455 §10.4",
  ),
  redirect: fault("redirect", "the server sends its clients elsewhere", "RFC 6455 §4.1"),
  unexpectedStatus: fault(
    "unexpected-status",
    "the server did not agree to speak WebSocket",
    "RFC 6455 §4.1",
  ),
  missingUpgrade: fault(
    "missing-upgrade",
    "the response's Upgrade is not websocket",
    "RFC 6455 §4.1",
  ),
  missingConnection: fault(
    "missing-connection",
    "the response's Connection does not list Upgrade",
    "RFC 6455 §4.1",
  ),
  wrongAccept: fault(
    "wrong-accept",
    "the response's Sec-WebSocket-Accept does not answer the key",
    "RFC 6455 §4.1",
  ),
  wrongExtension: fault(
    "wrong-extension",
    "the response grants an extension that was not offered like this",
    "RFC 6455 §4.1",
  ),
  wrongSubprotocol: fault(
    "wrong-subprotocol",
    "the response names a subprotocol that was not offered",
    "RFC 6455 §4.1",
  ),
} as const satisfies Readonly<Record<string, HandshakeFault>>;

function fault(name: string, sentence: string, clause: string): HandshakeFault {
  return { type: "fault", name, sentence, clause };
}
