/**
 * Runs the relay program in a process of its own.
 *
 * @module
 */

import { eachLine } from "../../src/postgres_server/supervised.ts";

const MAIN = new URL("../../mod.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const READY = "listening on ";

/** How to start it. */
export interface RunningRelayOptions {
  /** `memory:`, `pglite:DIR`, `managed:DIR` or `postgres://…`. */
  readonly database: string;
  /** Additional settings, as `section.key=value`. */
  readonly settings?: readonly string[];
  /** The configuration file. Default: an empty one. */
  readonly config?: string;
  /** Host and port. Default: a free port of loopback. */
  readonly listen?: string;
  /** Additional variables of the process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What Deno allows it. Default: everything. */
  readonly permissions?: readonly string[];
  /** V8's heap limit, MB. Default: its own. */
  readonly heapMb?: number;
}

/** A relay that runs until {@link stop} or {@link kill}. */
export interface RunningRelay extends AsyncDisposable {
  /** The URL that it listens at. */
  readonly url: string;
  readonly pid: number;
  /** Its log so far. */
  readonly log: readonly string[];
  /** Resolves when the log has so many lines that contain `text`, with the last of them. */
  logged(text: string, count?: number): Promise<string>;
  /** Sends SIGTERM and returns the exit code. */
  stop(): Promise<number>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>;
}

/** Starts `serve` on a free loopback port and waits until it accepts connections. */
export async function startRelay(options: RunningRelayOptions): Promise<RunningRelay> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", ...options.permissions ?? ["-A"], "--quiet", "--config", CONFIG],
      ...options.heapMb === undefined ? [] : [`--v8-flags=--max-old-space-size=${options.heapMb}`],
      MAIN,
      ...[
        "serve",
        "--config",
        options.config ?? "/dev/null",
        "--listen",
        options.listen ?? "127.0.0.1:0",
      ],
      ...["--database", options.database],
      ...socketFlags(options),
      ...(options.settings ?? []).flatMap((setting) => ["--set", setting]),
    ],
    env: { ...options.environment },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const log: string[] = [];
  const awaited = new Set<() => void>();
  const ready = Promise.withResolvers<string>();
  const logged = eachLine(process.stderr, (line) => {
    log.push(line);
    for (const look of awaited) look();
  });
  const told = eachLine(process.stdout, (line) => {
    if (line.startsWith(READY)) ready.resolve(line.slice(READY.length));
  });
  const status = process.status.then(async (status) => {
    await Promise.all([logged, told]);
    ready.reject(new Error(`the relay ended with ${status.code}:\n${log.join("\n")}`));
    return status;
  });
  const end = async (signal: Deno.Signal) => {
    try {
      process.kill(signal);
    } catch {
      // It has ended already.
    }
    return (await status).code;
  };
  return {
    url: await ready.promise,
    pid: process.pid,
    log,
    logged: (text, count = 1) =>
      new Promise((resolve) => {
        const look = () => {
          const line = log.filter((line) => line.includes(text))[count - 1];
          if (line === undefined) return;
          awaited.delete(look);
          resolve(line);
        };
        awaited.add(look);
        look();
      }),
    stop: () => end("SIGTERM"),
    kill: async () => void await end("SIGKILL"),
    [Symbol.asyncDispose]: async () => void await end("SIGKILL"),
  };
}

/** Many relays with no directory of their own run at a time. One that is given a directory has a socket. */
function socketFlags({ database, settings = [] }: RunningRelayOptions): readonly string[] {
  const hasDirectory = /^(?:pglite|managed):/.test(database) ||
    settings.some((setting) => setting.startsWith("database.data="));
  return hasDirectory ? [] : ["--set", "database.control_socket=false"];
}

/** Reads what a program says until it listens, and returns the URL. */
export async function untilListening(
  output: ReadableStreamDefaultReader<string>,
): Promise<string> {
  for (let said = "";;) {
    const [, url] = /listening on (\S+)\n/.exec(said) ?? [];
    if (url !== undefined) return url;
    const { value, done } = await output.read();
    if (done) throw new Error(`ended before it listened: ${said}`);
    said += value;
  }
}
