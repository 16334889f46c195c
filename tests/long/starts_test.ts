/**
 * A hundred starts and orderly ends under load, by each way of starting that the README names. `STARTS`
 * says how many instead.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { untilListening } from "../kit/running_relay.ts";

const STARTS = Number(Deno.env.get("STARTS") ?? 100);
const CLIENTS = 5;
const root = new URL("../../", import.meta.url);

/** How it is started, and how it is told to end. */
interface Way {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly end: (child: Deno.ChildProcess) => void | Promise<void>;
  /** The exit codes of what was started; npx gives that of the signal which ended it. */
  readonly codes: readonly number[];
}

const npx = ["-y", `deno@${Deno.version.deno}`, "task"];
const serve = ["gallimimus", "serve"];
const term = (child: Deno.ChildProcess) => child.kill("SIGTERM");
const interrupt = (child: Deno.ChildProcess) => child.kill("SIGINT");

const ways: readonly Way[] = [
  {
    name: "npx, SIGTERM",
    command: "npx",
    args: [...npx, ...serve],
    end: term,
    codes: [0, 143],
  },
  {
    name: "deno task, SIGTERM",
    command: Deno.execPath(),
    args: ["task", ...serve],
    end: term,
    codes: [0, 143],
  },
  {
    name: "deno run, SIGTERM",
    command: Deno.execPath(),
    args: ["run", "-A", "mod.ts", "serve"],
    end: term,
    codes: [0],
  },
  {
    name: "deno run, SIGINT twice at once",
    command: Deno.execPath(),
    args: ["run", "-A", "mod.ts", "serve"],
    async end(child) {
      interrupt(child);
      // As a task runner passes on what the terminal has sent already.
      await sleep(50);
      try {
        interrupt(child);
      } catch {
        // It has ended.
      }
    },
    codes: [0],
  },
];

/** Publishes nothing of value and asks much, until the end; gives the close code. */
function loader(url: string): Promise<number> {
  const socket = new WebSocket(url);
  const ended = new Promise<number>((resolve) => socket.onclose = ({ code }) => resolve(code));
  let next = 0;
  const ask = () =>
    socket.readyState === WebSocket.OPEN &&
    socket.send(JSON.stringify(["REQ", `${next++ % 10}`, { kinds: [1], limit: 10 }]));
  socket.onopen = () => {
    for (let at = 0; at < 5; at++) ask();
  };
  socket.onmessage = ({ data }) => data.startsWith('["EOSE"') && ask();
  socket.onerror = () => {};
  return ended;
}

/** Resolves with all that was said when the last process that holds the pipe is gone. */
async function toEnd(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}

Deno.test(`${STARTS} starts end in order, by each way of starting`, async () => {
  const codes: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const way = ways[start % ways.length]!;
    const isManaged = Math.floor(start / ways.length) % 2 === 1;
    const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
    await Deno.chmod(directory, 0o755);
    const database = isManaged ? `managed:${directory}/postgres` : "memory:";
    const child = new Deno.Command(way.command, {
      args: [
        ...way.args,
        ...["--config", "/dev/null", "--listen", "127.0.0.1:0"],
        ...["--database", database, "--data", directory],
      ],
      cwd: root,
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const url = await untilListening(reader);
    const loaders = Array.from({ length: CLIENTS }, () => loader(url));
    await sleep(200 + 50 * (start % 7));
    await way.end(child);
    const { code } = await child.status;
    await toEnd(reader);
    const closes = await Promise.all(loaders);
    deepEqual(closes, closes.map(() => 1001), `${way.name} on ${database}`);
    equal(way.codes.includes(code), true, `${way.name} on ${database} ended with ${code}`);
    codes.push(code);
    if (isManaged) {
      const left = await Deno.stat(`${directory}/postgres/data/postmaster.pid`)
        .then(() => true, () => false);
      equal(left, false, `${way.name}: the private server still runs`);
    }
    await Deno.remove(directory, { recursive: true });
  }
  console.log(
    JSON.stringify(
      Object.groupBy(codes, (code) => `code ${code}`),
      (_key, value) => Array.isArray(value) ? value.length : value,
    ),
  );
});
