/**
 * The reduced transport: the runtime's own WebSocket, for embedding and for hosts that only offer
 * `fetch`.
 *
 * It has the shape of {@link Connection}, and does what that socket allows. It cannot ping, cannot
 * stop reading, does not refuse a message before holding all of it, and cannot drop a peer that does
 * not read. Where a relay may listen by itself, it should.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { concat, type SharedBytes, utf8, utf8Decode } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { describeError } from "../../base/error_text.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { CloseCode } from "../../websocket/close_code.ts";
import type { Message } from "../../websocket/message_assembler.ts";
import { PacedReading, type PaceLimits } from "../paced_reading.ts";
import type { ConnectionEvents, ConnectionLimits } from "../connection.ts";
import type { Ending } from "../ending.ts";
import { guarded } from "../guard.ts";

/** How often a socket that held too much is asked whether it still does: it does not tell by itself. */
const drainPollMs = 100;

/** What a native connection is made of. */
interface NativeWebSocketOptions {
  /** As `Deno.upgradeWebSocket` gives it, not yet open. It belongs to the connection from now on. */
  readonly socket: WebSocket;
  /** Who the peer is, for logs. */
  readonly address: string;
  readonly clock: Clock;
  /** Default: nothing is said. */
  readonly log?: Log;
  /** How fast the peer may send. It cannot be held back; one that is far too fast is closed. */
  readonly pace?: PaceLimits | undefined;
  /** Called whenever the peer sends faster than that. */
  readonly onThrottled?: () => void;
  /** Called once, when the connection is over, whether or not anybody had it started. */
  readonly onEnded?: () => void;
  readonly limits: ConnectionLimits & { readonly maxMessageBytes: number };
}

/** A WebSocket of the runtime in the shape of a connection. */
export class NativeWebSocket {
  readonly address: string;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: NativeWebSocketOptions["limits"];
  readonly #onEnded: (() => void) | undefined;
  readonly #reading: PacedReading;
  #events: ConnectionEvents | undefined = undefined;
  /** Texts sent before the socket opened. */
  #early: string[] = [];
  #ending: Ending | undefined = undefined;
  /** Asks whether the socket has drained; there while it has not. */
  #drainPoll: Timer | undefined = undefined;
  #deadline: Timer | undefined = undefined;
  #over = false;
  #receivedBytes = 0;
  #sentBytes = 0;

  constructor(options: NativeWebSocketOptions) {
    this.address = options.address;
    this.#socket = options.socket;
    this.#clock = options.clock;
    this.#log = options.log ?? silentLog;
    this.#onEnded = options.onEnded;
    const { clock, pace, onThrottled } = options;
    this.#reading = new PacedReading({ stream: unstoppable, clock, pace, onThrottled });
    this.#limits = options.limits;
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("close", guarded(this.#onClose, this.#onFault));
    this.#socket.addEventListener("error", () => {
      this.#ending ??= abnormal("reset", "");
    });
  }

  /**
   * Now. The runtime answers pings and drops silent peers without telling, so a peer that is still
   * connected counts as heard.
   */
  get lastHeardMs(): number {
    return this.#clock.monotonicMs();
  }

  /** About how much text came from the peer. The runtime does not tell what was on the wire. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** About how much text was sent. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Bytes that were sent here and have not left the process yet. */
  get queuedBytes(): number {
    return this.#over ? 0 : this.#socket.bufferedAmount;
  }

  /** Anything: the runtime does not tell what the peer has read. */
  readonly windowBytes: number = Infinity;

  /** Starts receiving. To be called before the upgrade response is returned. Called once. */
  start(events: ConnectionEvents): void {
    assert(this.#events === undefined, "a connection is started once");
    this.#events = events;
    const onOpen = () => {
      for (const text of this.#early) this.send(text);
      this.#early = [];
    };
    this.#socket.addEventListener("open", guarded(onOpen, this.#onFault));
    this.#socket.addEventListener("message", guarded(this.#onMessage, this.#onFault));
  }

  /** Sends one text message. */
  send(text: string): void {
    if (this.#socket.readyState === this.#socket.CONNECTING) this.#early.push(text);
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#sentBytes += text.length;
    this.#socket.send(text);
  }

  /** Sends one text message made of `head`, the shared `body`, and `tail`. */
  sendShared(head: Uint8Array, body: SharedBytes, tail: Uint8Array): void {
    const text = utf8Decode(concat([head, body.bytes, tail]));
    assert(text !== undefined, "a shared text message is UTF-8");
    this.send(text);
  }

  /** Does nothing: the runtime reads on. */
  charge(): void {}

  /** Does nothing: the runtime pings by itself. */
  ping(): void {}

  /** Does nothing: the runtime reads on. */
  pause(): void {}

  /** Does nothing. */
  resume(): void {}

  /** Starts the closing handshake. A peer that does not answer it is given up after a while. */
  close(code: number, reason: string): void {
    if (this.#ending !== undefined || this.#over) return;
    this.#ending = { cause: "local", code, reason, clean: false };
    const onTime = guarded(() => this.#end(abnormal("timeout", reason)), this.#onFault);
    this.#deadline = this.#clock.after(this.#limits.closeTimeoutMs, onTime);
    const close = guarded(() => this.#socket.close(code, reason), this.#onFault);
    // Before it is open it has no peer that could be told.
    if (this.#socket.readyState !== this.#socket.CONNECTING) close();
    else this.#socket.addEventListener("open", close);
  }

  /** Closes: the runtime takes nothing back that it was given. */
  shed(code: number, reason: string): void {
    this.close(code, reason);
  }

  /** Abandons the connection. The runtime may keep its socket until the peer closes it. */
  terminate(): void {
    if (this.#socket.readyState <= this.#socket.OPEN) this.#socket.close();
    this.#end(abnormal("terminated", ""));
  }

  readonly #onMessage = ({ data }: MessageEvent<string | ArrayBuffer>): void => {
    if (this.#ending !== undefined) return;
    if (this.#tooBig(data)) {
      this.close(CloseCode.messageTooBig, "the message is longer than this server allows");
      return;
    }
    const length = typeof data === "string" ? data.length : data.byteLength;
    this.#receivedBytes += length;
    if (!this.#reading.note(length, 1)) {
      this.close(CloseCode.policyViolation, "too many messages");
      return;
    }
    const message: Message = typeof data === "string"
      ? { type: "text", text: data }
      : { type: "binary", bytes: new Uint8Array(data) };
    this.#events?.messages([message]);
  };

  /** Text is counted as the UTF-8 it came in; three bytes a unit are the most there can be. */
  #tooBig(data: string | ArrayBuffer): boolean {
    const { maxMessageBytes } = this.#limits;
    if (typeof data !== "string") return data.byteLength > maxMessageBytes;
    if (data.length * 3 <= maxMessageBytes) return false;
    return data.length > maxMessageBytes || utf8(data).length > maxMessageBytes;
  }

  /** Asks for one `drained`, once `queuedBytes` is low. */
  requestDrained(mostBytes: number = this.#limits.lowWaterBytes): void {
    if (this.#over) return;
    const poll = () => {
      if (this.queuedBytes > mostBytes) return;
      this.#drainPoll?.cancel();
      this.#drainPoll = undefined;
      this.#events?.drained();
    };
    this.#drainPoll ??= this.#clock.every(drainPollMs, guarded(poll, this.#onFault));
  }

  /** Whoever holds the connection is broken; then this connection ends and no other. */
  readonly #onFault = (error: unknown): void => {
    this.#log.error("connection handler failed", {
      address: this.address,
      error: describeError(error),
    });
    this.close(CloseCode.internalError, "internal error");
  };

  readonly #onClose = ({ code, reason, wasClean }: CloseEvent): void => {
    const { cause } = this.#ending ?? { cause: wasClean ? "peer" : "reset" };
    this.#end({ cause, code, reason, clean: wasClean });
  };

  /** The runtime has been seen to tell of one end twice. */
  #end(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline?.cancel();
    this.#drainPoll?.cancel();
    this.#reading.stop();
    try {
      this.#events?.closed(ending);
    } finally {
      this.#onEnded?.();
    }
  }
}

/** The runtime reads on whatever is wanted. */
const unstoppable = { pause() {}, resume() {} };

function abnormal(cause: Ending["cause"], reason: string): Ending {
  return { cause, code: CloseCode.abnormal, reason, clean: false };
}
