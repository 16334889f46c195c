/**
 * Sends and receives UDP datagrams.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import type { Clock } from "../base/clock.ts";

/** A message, and where it comes from. */
export interface Datagram {
  /** What it holds. */
  readonly bytes: Uint8Array;
  /** An IP address, or what stands for one. */
  readonly address: string;
  /** The port that it came from. */
  readonly port: number;
}

/** The limits of a {@link DatagramSocket}. */
export interface DatagramLimits {
  /** Messages that wait to be received. Of more, the oldest are dropped, as the network itself may. */
  readonly maxQueued: number;
  /** How long receiving may take, milliseconds. */
  readonly timeoutMs: number;
}

/** Limits that suit a request and its response. */
export const defaultDatagramLimits: DatagramLimits = { maxQueued: 64, timeoutMs: 10_000 };

/**
 * A socket for datagrams.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { DatagramSocket } from "./datagram.ts";
 *
 * const clock = {
 *   nowMs: () => 0,
 *   monotonicMs: () => 0,
 *   after: () => ({ cancel() {} }),
 *   every: () => ({ cancel() {} }),
 * };
 * const one = await DatagramSocket.open("127.0.0.1", clock);
 * const other = await DatagramSocket.open("127.0.0.1", clock);
 * await one.send(Uint8Array.of(7), other.local);
 * const { bytes, port } = await other.receive();
 * equal(bytes[0], 7);
 * equal(port, one.local.port);
 * await one.close();
 * await other.close();
 * ```
 */
export class DatagramSocket {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #limits: DatagramLimits;
  readonly #queue: Datagram[] = [];
  #waiting: ((datagram: Datagram) => void) | undefined = undefined;

  /** Takes over a socket that is bound; {@link open} makes one. */
  constructor(socket: Socket, clock: Clock, limits: DatagramLimits) {
    this.#socket = socket;
    this.#clock = clock;
    this.#limits = limits;
    socket.on("message", (bytes, { address, port }) => this.#onMessage({ bytes, address, port }));
    // An ICMP error about one datagram does not end the socket.
    socket.on("error", () => {});
  }

  /** Opens a socket at an address of this machine, at any free port. Rejects with the system's error. */
  static async open(
    address: string,
    clock: Clock,
    limits: DatagramLimits = defaultDatagramLimits,
  ): Promise<DatagramSocket> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(0, address, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    return new DatagramSocket(socket, clock, limits);
  }

  /** Where it can be reached. */
  get local(): { readonly address: string; readonly port: number } {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  /** Sends one message. That it was sent does not mean that it arrives. */
  send(bytes: Uint8Array, to: { readonly address: string; readonly port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, to.port, to.address, (error) => error ? reject(error) : resolve());
    });
  }

  /** The next message. Rejects when none comes in time. One call at a time. */
  receive(): Promise<Datagram> {
    const next = this.#queue.shift();
    if (next !== undefined) return Promise.resolve(next);
    const { timeoutMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const deadline = this.#clock.after(timeoutMs, () => {
        this.#waiting = undefined;
        reject(new Error(`no datagram arrived within ${timeoutMs} ms`));
      });
      this.#waiting = (datagram) => {
        this.#waiting = undefined;
        deadline.cancel();
        resolve(datagram);
      };
    });
  }

  /** Closes the socket. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #onMessage(datagram: Datagram): void {
    if (this.#waiting !== undefined) return this.#waiting(datagram);
    this.#queue.push(datagram);
    if (this.#queue.length > this.#limits.maxQueued) this.#queue.shift();
  }
}
