import { deepEqual, equal, match } from "node:assert/strict";
import type { Activity } from "../../../src/app/activity/activity.ts";
import { top } from "../../../src/app/commands/top.ts";
import { ControlServer } from "../../../src/app/control/control_server.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import type { Terminal, TerminalEvents } from "../../../src/app/system/terminal.ts";
import { version } from "../../../src/app/version.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

const client = {
  ...{ client: "192.0.2.1", address: "192.0.2.1", connections: 1, opened: 0, subscriptions: 0 },
  ...{ messages: 0, events: 3, requests: 0, receivedBytes: 0, sentBytes: 0, refusals: 0 },
  ...{ queuedBytes: 0, reasons: {}, keys: [], agent: "" },
};

const activity: Activity = {
  ...{ seconds: 1, workers: [{ connections: 1, lagMs: 0 }], connections: 1, maxConnections: 9 },
  ...{ subscriptions: 0, memoryBytes: 1, reasons: {}, queues: {}, clients: [client], keys: [] },
  rates: {
    ...{ opened: 0, ended: 0, messages: 0, events: 3, requests: 0, stored: 0, duplicate: 0 },
    ...{ answered: 0, delivered: 0, receivedBytes: 0, sentBytes: 0, refusals: 0 },
  },
  answers: { memory: 0, both: 0, database: 0 },
  answersInAll: { memory: 0, both: 0, database: 0 },
  ...{ slowestMs: undefined, windowEvents: undefined, pool: undefined },
  ...{ isWritingFailing: false, isFeedCurrent: true, queries: [], ended: [], mirrors: [] },
};

/** A terminal that keeps what it shows. */
class FakeTerminal implements Terminal {
  isThere = true;
  size = { width: 80, height: 24 };
  isOpen = false;
  lines: readonly string[] = [];
  events: TerminalEvents | undefined;
  #drawn = Promise.withResolvers<void>();

  open(events: TerminalEvents): void {
    this.isOpen = true;
    this.events = events;
  }

  draw(lines: readonly string[]): void {
    this.lines = lines;
    this.#drawn.resolve();
    this.#drawn = Promise.withResolvers();
  }

  close(): void {
    this.isOpen = false;
  }

  /** Presses keys and waits until the screen is drawn again. */
  async press(keys: string): Promise<void> {
    const { promise } = this.#drawn;
    this.events?.onKeys(keys);
    await promise;
  }

  /** Waits until a drawn line matches. */
  async shows(pattern: RegExp): Promise<void> {
    while (!this.lines.some((line) => pattern.test(line))) await this.#drawn.promise;
  }
}

interface Watching {
  readonly command: FakeCommand;
  readonly terminal: FakeTerminal;
  /** What the relay answers; it may throw. */
  answer: () => Promise<Activity>;
}

/** Runs a test beside a relay that answers. */
async function besideRelay(test: (watching: Watching) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  const settings = settingsWith(
    new Map([["database.url", "memory:"], ["database.data", directory]]),
  );
  const watching: Watching = {
    command: new FakeCommand({ settings }),
    terminal: new FakeTerminal(),
    answer: () => Promise.resolve(activity),
  };
  const server = await ControlServer.open(`${directory}/relay.sock`, {
    onRulesChanged: () => Promise.resolve(),
    activity: () => watching.answer(),
  });
  try {
    await test(watching);
  } finally {
    await server.close();
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("keys choose the order and the grouping, and q ends it and gives the terminal back", () =>
  besideRelay(async ({ command, terminal }) => {
    const done = top(command.context, {}, terminal);
    await terminal.shows(/\*EVENT/);
    equal(terminal.isOpen, true);
    for (const [key, heading] of [["c", "\\*CONN"], ["f", "\\*REF"], ["b", "\\*OUT"]] as const) {
      await terminal.press(key);
      await terminal.shows(new RegExp(heading));
    }
    await terminal.press("k");
    await terminal.shows(/no connection has authenticated/);
    terminal.size = { width: 20, height: 3 };
    terminal.events?.onResize();
    while (terminal.lines.length > 3) await terminal.press("");
    terminal.events?.onKeys("xq");
    equal(await done, 0);
    equal(terminal.isOpen, false);
    equal(command.clock.timerCount, 0);
    equal(command.stdout.text, "", "nothing is left on the terminal");
  }));

const ends: readonly [string, (watching: Watching) => void][] = [
  ["Ctrl-C", ({ terminal }) => terminal.events?.onKeys("\x03")],
  ["a signal", ({ command }) => command.controller.abort()],
  ["the end of the terminal", ({ terminal }) => terminal.events?.onGone()],
];

for (const [what, end] of ends) {
  Deno.test(`${what} ends it and gives the terminal back`, () =>
    besideRelay(async (watching) => {
      const { command, terminal } = watching;
      const done = top(command.context, {}, terminal);
      await terminal.shows(/192\.0\.2\.1/);
      end(watching);
      equal(await done, 0);
      equal(terminal.isOpen, false);
    }));
}

Deno.test("an error gives the terminal back", () =>
  besideRelay(async ({ command, terminal }) => {
    const done = top(command.context, {}, terminal);
    await terminal.shows(/192\.0\.2\.1/);
    Object.defineProperty(terminal, "size", {
      get() {
        throw new Error("no size");
      },
    });
    terminal.events?.onKeys("e");
    equal((await done.catch((error) => error)).message, "no size");
    equal(terminal.isOpen, false);
  }));

Deno.test("a relay that is silent, goes away and comes back is shown to be", () =>
  besideRelay(async (watching) => {
    const { command, terminal } = watching;
    const done = top(command.context, {}, terminal);
    await terminal.shows(/192\.0\.2\.1/);
    const held = Promise.withResolvers<Activity>();
    const asked = Promise.withResolvers<void>();
    watching.answer = () => {
      asked.resolve();
      return held.promise;
    };
    for (let at = 0; at < 5; at++) {
      command.clock.advance(1_000);
      await terminal.press("e");
    }
    await terminal.shows(/NO ANSWER FOR 5 s/);
    await terminal.shows(/192\.0\.2\.1/);
    await asked.promise;
    held.reject(new Error("it is being replaced"));
    await terminal.shows(/it is being replaced/);
    watching.answer = () => Promise.resolve({ ...activity, connections: 7 });
    command.clock.advance(1_000);
    await terminal.shows(/^connections 7 of/);
    equal(terminal.lines[0], `gallimimus ${version}`);
    terminal.events?.onKeys("q");
    equal(await done, 0);
  }));

Deno.test("without a terminal it is printed once, and as JSON when asked for", () =>
  besideRelay(async (watching) => {
    const { command, terminal } = watching;
    terminal.isThere = false;
    equal(await top(command.context, {}, terminal), 0);
    match(command.stdout.text, /^gallimimus .*\nconnections 1 of 9 [^]*\n192\.0\.2\.1 .*\n.*\n$/);
    const json = new FakeCommand({ settings: command.context.settings });
    terminal.isThere = true;
    let asked = 0;
    watching.answer = () => Promise.resolve({ ...activity, seconds: asked++ });
    const done = top(json.context, { json: true }, terminal);
    while (asked === 0 || json.clock.timerCount === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    json.clock.advance(1_000);
    equal(await done, 0);
    const { seconds, clients, version: told } = JSON.parse(json.stdout.text);
    deepEqual([seconds, clients[0].client, told], [1, "192.0.2.1", version]);
    equal(asked, 2, "the first time nothing is measured yet");
    equal(terminal.isOpen, false);
  }));

Deno.test("without a relay it says how to name one", async () => {
  const settings = settingsWith(
    new Map([["database.url", "memory:"], ["database.data", "/nowhere"]]),
  );
  const command = new FakeCommand({ settings });
  equal(await top(command.context, {}, new FakeTerminal()), 1);
  match(
    command.stderr.text,
    /^gallimimus: top: there is no control socket at \/nowhere\/relay\.sock: start the relay, or .*\n$/,
  );
});

Deno.test("a relay that cannot say is told so before the terminal is taken", () =>
  besideRelay(async (watching) => {
    const { command, terminal } = watching;
    watching.answer = () => Promise.reject(new Error("all threads are being replaced"));
    equal(await top(command.context, {}, terminal), 1);
    equal(command.stderr.text, "gallimimus: top: all threads are being replaced\n");
    equal(terminal.events, undefined);
  }));
