/**
 * Notices a listener that accepts nothing any more.
 *
 * When a process is out of descriptors, accepting fails, and after that the runtime's server
 * accepts nothing any more, says nothing of it, and does not recover when there are descriptors
 * again. So a server that has accepted nothing for a while calls itself. If even that is not
 * accepted, it is replaced.
 *
 * Where several servers share a port, another one may accept the call. But then each of them calls,
 * or accepts others, so that every one of them is chosen now and then; and only a server that was
 * silent for long is replaced.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import type { Clock, Timer } from "../../base/clock.ts";
import { guarded } from "../guard.ts";
import type { ListenAddress } from "../address/listen_address.ts";

/** The listener that is watched. */
interface WatchedListener {
  readonly address: () => ListenAddress;
  /** Puts another in its place. When that fails, it is tried again. */
  readonly replace: () => Promise<void>;
  /** Whether other servers may listen at the same port. Default: none does. */
  readonly isShared?: boolean;
}

/** How long a server may be silent before it is called, and how long it may take to answer. */
const periodMs = 5_000;

/**
 * After how many silent periods a server that shares its port is replaced. In each period all servers
 * together accept at least one connection each on average, so that one is passed over with a probability
 * of 1/e at most: e^-20 for all of them.
 */
const sharedPeriods = 20;

/** Watches a listener. */
export class ListenWatch {
  readonly #clock: Clock;
  readonly #listener: WatchedListener;
  #timer: Timer | undefined = undefined;
  #call: Socket | undefined = undefined;
  /** What waits for the call to know its own port. */
  #undecided: (() => void)[] = [];
  #accepted = false;
  /** Periods since something was accepted. */
  #silentPeriods = 0;
  #replacing = false;

  constructor(clock: Clock, listener: WatchedListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  start(): void {
    this.#timer = this.#clock.every(periodMs, this.#onTick);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#hangUp();
  }

  /**
   * Something was accepted. Calls `take`, unless it is the call of this watch: that says nothing, and would
   * count as a client that never came to its TLS handshake or its PROXY header. Such a call is ended.
   */
  receive(accepted: Socket, take: () => void): void {
    this.#accepted = true;
    const call = this.#call;
    if (call === undefined) return take();
    const decide = () => {
      if (!isOtherEnd(call, accepted)) return take();
      accepted.destroy();
      call.destroy();
    };
    // It may be accepted before this end knows its own port.
    if (call.connecting) this.#undecided.push(decide);
    else decide();
  }

  readonly #onTick = guarded((): void => {
    this.#hangUp();
    if (this.#replacing) return;
    this.#silentPeriods = this.#accepted ? 0 : this.#silentPeriods + 1;
    this.#accepted = false;
    const patience = this.#listener.isShared === true ? sharedPeriods : 1;
    if (this.#silentPeriods > patience) {
      this.#silentPeriods = 0;
      this.#replace();
    } else if (this.#silentPeriods > 0) {
      this.#callIt();
    }
    // The next tick tries again.
  }, () => {});

  #callIt(): void {
    const at = this.#listener.address();
    const call = at.type === "unix" ? connect(at.path) : connect(at.port, loopbackOf(at.host));
    // What counts is whether it is accepted.
    call.on("error", () => {});
    const decideAll = () => {
      for (const decide of this.#undecided.splice(0)) decide();
    };
    call.once("connect", decideAll).once("close", decideAll);
    this.#call = call;
  }

  #hangUp(): void {
    this.#call?.destroy();
    this.#call = undefined;
  }

  async #replace(): Promise<void> {
    this.#replacing = true;
    try {
      await this.#listener.replace();
    } catch {
      // Most likely there is still no descriptor. The next tick finds it as deaf as this one did.
    }
    this.#replacing = false;
  }
}

/** Whether `accepted` is the server's end of the connection `call`. */
function isOtherEnd(call: Socket, accepted: Socket): boolean {
  return call.localPort !== undefined && call.localPort === accepted.remotePort &&
    call.localAddress === accepted.remoteAddress;
}

/** Where a server that listens on all interfaces can be reached. */
function loopbackOf(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
