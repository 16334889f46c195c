/**
 * Says why a command failed: in a sentence where an operator can mend it, with a stack where the program
 * is wrong.
 *
 * @module
 */

import { UnusableBackup } from "../backup/manifest.ts";
import { StoreUnavailable } from "../../store/event_store.ts";
import { FileFault } from "../system/file_fault.ts";

/** An error of the operating system, as `node:net` reports it. */
interface SystemError extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
}

const NO_ADDRESS = "this machine has no such address: choose one of its own, 0.0.0.0 or [::] " +
  "(--listen, network.listen, metrics.listen)";

/** Why a port or a path cannot be listened at, by the code of the system. */
const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there: stop it, or choose another address " +
    "(--listen, network.listen, metrics.listen)",
  EACCES:
    "the relay's user may not: choose a port from 1024 on and let a proxy or a firewall send " +
    "clients there, or give the program the right (AmbientCapabilities=CAP_NET_BIND_SERVICE in systemd)",
  EADDRNOTAVAIL: NO_ADDRESS,
  EINVAL: NO_ADDRESS,
  ENOENT: "the directory does not exist: make it, or choose another path",
};

/** The message of an error. Errors of the environment need no stack; bugs get theirs. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof StoreUnavailable) return `database: ${error.message}`;
  if (error instanceof UnusableBackup || error instanceof FileFault) return error.message;
  if (isSystemError(error)) return listenFault(error) ?? error.message;
  return error.stack ?? error.message;
}

function listenFault({ code, syscall, address, port }: SystemError): string | undefined {
  if (syscall !== "listen") return undefined;
  const mend = LISTEN_FAULTS[String(code)];
  if (mend === undefined) return undefined;
  const at = typeof port === "number" && port >= 0 ? `${address}:${port}` : String(address);
  return `cannot listen at ${at} (${code}): ${mend}`;
}

/** Whether the operating system reported the error, such as EADDRINUSE or EACCES. */
function isSystemError(error: SystemError): boolean {
  return error.name in Deno.errors ||
    (typeof error.code === "string" && /^E[A-Z]+$/.test(error.code));
}
