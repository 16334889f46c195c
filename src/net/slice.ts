/**
 * How much of one connection is processed in a row. The rest of what was read waits for another turn.
 *
 * @module
 */

import type { Message } from "../websocket/message_assembler.ts";
import type { Protocol, ProtocolEvent } from "../websocket/protocol.ts";

/** The close frame or the fault after which nothing of the peer is processed. */
export type PeerEnd = Extract<ProtocolEvent, { type: "fault" | "close" }>;

/** A few milliseconds of work for the relay. */
const SLICE_MESSAGES = 32;
const SLICE_BYTES = 32 * 1024;

/**
 * What a message counts for in a round at least. A COUNT of twenty bytes may be about all that memory has and
 * take a millisecond: by their bytes alone, thousands of them were one round.
 */
const LEAST_MESSAGE_BYTES = 1024;

/**
 * What a frame that completes no message counts for. A ping takes a pong and no message, so that hundreds of
 * connections that send nothing else would each have a slice in every round.
 */
const PART_BYTES = 128;

/**
 * What a message of a peer that was charged counts for in a round at least: it is likely to be refused
 * again, and a thousand such peers, each with a message in every round, would keep all others waiting.
 */
const CHARGED_MESSAGE_BYTES = 8 * 1024;

/** What {@link takeSlice} took. */
export interface Slice {
  readonly messages: readonly Message[];
  /** What they count for in a round of `Turns`, bytes. */
  readonly bytes: number;
  /** What ended the peer's part behind the messages. */
  readonly end: PeerEnd | undefined;
  /** Whether there may be more to take. */
  readonly isCut: boolean;
}

/**
 * Takes the next messages that a protocol has read, and pongs among them. Of a peer that was charged, one
 * message at a time, so that each can be charged for.
 */
export function takeSlice(
  protocol: Pick<Protocol, "next" | "deflatedBytes">,
  isCharged: boolean,
  onPong: (bytes: Uint8Array) => void,
): Slice {
  const messages: Message[] = [];
  const mostMessages = isCharged ? 1 : SLICE_MESSAGES;
  const leastBytes = isCharged ? CHARGED_MESSAGE_BYTES : LEAST_MESSAGE_BYTES;
  const { deflatedBytes } = protocol;
  let bytes = 0;
  /** Half a megabyte of empty blocks takes some milliseconds to become nothing. */
  const counted = () => Math.max(bytes, protocol.deflatedBytes - deflatedBytes);
  while (messages.length < mostMessages && counted() < SLICE_BYTES) {
    const event = protocol.next();
    if (event === undefined) return { messages, bytes: counted(), end: undefined, isCut: false };
    if (event !== "partial" && (event.type === "text" || event.type === "binary")) {
      messages.push(event);
      bytes += Math.max(lengthOf(event), leastBytes);
      continue;
    }
    bytes += PART_BYTES;
    if (event === "partial" || event.type === "ping") continue;
    if (event.type !== "pong") return { messages, bytes: counted(), end: event, isCut: false };
    onPong(event.bytes);
  }
  return { messages, bytes: counted(), end: undefined, isCut: true };
}

function lengthOf(message: Message): number {
  return message.type === "text" ? message.text.length : message.bytes.length;
}
