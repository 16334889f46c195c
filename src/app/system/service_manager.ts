/**
 * Tells systemd what the process does: that it is ready, alive, or stopping.
 *
 * The message is a datagram to a Unix socket. The runtime has no such sockets without an unstable
 * flag, so they are the C library's, called through FFI.
 *
 * @see sd_notify(3), systemd.service(5)
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { describeError } from "../../base/error_text.ts";
import type { Log } from "../../base/log.ts";

interface ServiceManagerOptions {
  /** Read are `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: a datagram to the socket of that name. Throws when it cannot be sent. */
  readonly send?: (socket: string, message: string) => void;
}

/** `AF_UNIX`, `SOCK_DGRAM` and the flags of Linux, the only system with systemd. */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_DONTWAIT_NOSIGNAL = 0x4040;

/** The size of `sun_path`. */
const MAX_PATH_BYTES = 108;

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The service manager that started this process; does nothing where there is none. */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #socket: string | undefined;
  #watchdog: Timer | undefined;
  #hasFailed = false;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    this.#socket = options.environment["NOTIFY_SOCKET"];
  }

  /**
   * Says that the start is over, and from then on, where a watchdog is set, twice in its time that
   * the event loop turns.
   */
  ready(status: string): void {
    this.#tell(`READY=1\nSTATUS=${status}`);
    const timeoutMs = watchdogMs(this.#options.environment);
    if (this.#socket === undefined || timeoutMs === undefined) return;
    this.#watchdog ??= this.#options.clock.every(timeoutMs / 2, () => this.#tell("WATCHDOG=1"));
  }

  /** Says that the process is about to end. The watchdog is served until {@link close}. */
  stopping(): void {
    this.#tell("STOPPING=1");
  }

  /** Ends the timer. */
  close(): void {
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
  }

  #tell(message: string): void {
    if (this.#socket === undefined) return;
    try {
      (this.#options.send ?? sendDatagram)(this.#socket, message);
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) {
        this.#options.log.warn("the service manager cannot be told", {
          socket: this.#socket,
          error: describeError(error),
        });
      }
      this.#hasFailed = true;
    }
  }
}

/** The time of the watchdog, milliseconds; undefined if there is none, or it is another's. */
export function watchdogMs(environment: Readonly<Record<string, string>>): number | undefined {
  const { WATCHDOG_USEC = "", WATCHDOG_PID = "" } = environment;
  if (WATCHDOG_PID !== "" && WATCHDOG_PID !== String(Deno.pid)) return undefined;
  return /^[1-9]\d*$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) / 1_000 : undefined;
}

/** Sends one datagram to a Unix socket: a path, or an abstract name that begins with `@`. */
function sendDatagram(socket: string, message: string): void {
  const address = socketAddress(socket);
  // With any other state, `dlopen` would prompt where there is a terminal.
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw new Error("no permission to call the C library (--allow-ffi)");
  }
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  try {
    const { symbols } = library;
    const descriptor = symbols.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (descriptor < 0) throw new Error("no socket");
    const bytes = utf8(message);
    const length = BigInt(bytes.length);
    const sent = symbols.sendto(
      descriptor,
      bytes,
      length,
      MSG_DONTWAIT_NOSIGNAL,
      address,
      address.length,
    );
    symbols.close(descriptor);
    if (BigInt(sent) !== length) throw new Error("nobody takes the message");
  } finally {
    library.close();
  }
}

/** A `sockaddr_un`. */
function socketAddress(socket: string): Uint8Array<ArrayBuffer> {
  if (!/^[/@]/.test(socket)) throw new Error("only Unix sockets are supported");
  const path = utf8(socket.startsWith("@") ? `\0${socket.slice(1)}` : socket);
  if (path.length >= MAX_PATH_BYTES) throw new Error("the name of the socket is too long");
  const address = new Uint8Array(2 + path.length);
  // `sa_family_t` in the order of the machine.
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(path, 2);
  return address;
}
