/**
 * What happened at the sockets, as numbers that only grow. Whoever watches asks for them.
 *
 * @module
 */

import type { Ending } from "../ending.ts";
import { CloseCode } from "../../websocket/close_code.ts";

/** Why a socket was ended before it had asked for anything, or without an answer. */
export const dropReasons = [
  /** Too many sockets in all. */
  "total",
  /** Too many sockets of one client. */
  "per-client",
  /** Too many new sockets of one client in a short time. */
  "rate",
  /** A proxy's header that was none. */
  "proxy-header",
  /** A TLS handshake that failed. */
  "tls",
  /** A request that did not come in time. */
  "handshake-timeout",
] as const;

/** One of {@link dropReasons}. */
export type DropReason = typeof dropReasons[number];

/** Why a request was answered with an error before the relay saw it. */
export const refusalReasons = [
  /** 503: too many connections in all. */
  "total",
  /** 429: too many connections of one client. */
  "per-client",
  /** 429: too many new connections of one client in a short time. */
  "rate",
  /** 429: too many plain requests of one client in a short time. */
  "request-rate",
  /** 404: a path that does not speak WebSocket. */
  "path",
  /** 400 and the like: no valid opening handshake. */
  "handshake",
  /** 400: no HTTP. */
  "malformed",
  /** 431: the head is too long. */
  "header-too-long",
] as const;

/** One of {@link refusalReasons}. */
export type RefusalReason = typeof refusalReasons[number];

/** How connections end, as an operator tells them apart. */
export const endingKinds = [
  /** Either side was done, and both said so. */
  "normal",
  /** Either side went away: 1001. */
  "going-away",
  /** We closed for something that a peer must not do: 1008. */
  "policy",
  /** The peer broke the protocol. */
  "fault",
  /** The peer did not finish closing in time. */
  "timeout",
  /** The peer's bytes ended without a close frame. */
  "eof",
  /** The socket failed. */
  "reset",
  /** We cut it off. */
  "terminated",
] as const;

/** One of {@link endingKinds}. */
export type EndingKind = typeof endingKinds[number];

/** Totals since start. */
export interface NetCounters {
  /** Sockets accepted, whatever became of them. */
  accepted: number;
  /** WebSocket connections opened. */
  opened: number;
  /** Times that reading from a connection was put off because it sent too fast. */
  throttled: number;
  /** Times that a connection was sent more though it had not shown that it reads. */
  unanswered: number;
  /** Times that a listener which accepted nothing any more was replaced. */
  relistened: number;
  /** Sockets that were closed before a request was read, by reason. */
  readonly dropped: Record<DropReason, number>;
  /** Requests that were refused, by reason. */
  readonly refused: Record<RefusalReason, number>;
  /** Connections that ended, by how. */
  readonly ended: Record<EndingKind, number>;
}

/** Counters at zero. */
export function zeroNetCounters(): NetCounters {
  return {
    accepted: 0,
    opened: 0,
    throttled: 0,
    unanswered: 0,
    relistened: 0,
    dropped: zeros(dropReasons),
    refused: zeros(refusalReasons),
    ended: zeros(endingKinds),
  };
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  // The entries are made of the very names that the type lists.
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

/** What kind of ending one was. */
export function endingKind({ cause, code }: Pick<Ending, "cause" | "code">): EndingKind {
  if (cause !== "peer" && cause !== "local") return cause;
  if (code === CloseCode.goingAway) return "going-away";
  return cause === "local" && code === CloseCode.policyViolation ? "policy" : "normal";
}
