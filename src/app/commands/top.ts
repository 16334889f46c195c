/**
 * `gallimimus top`: shows what the running relay does just now, and for whom.
 *
 * @module
 */

import { Inbox } from "../../base/inbox.ts";
import { Latch } from "../../base/latch.ts";
import { messageOf } from "../../base/error_text.ts";
import { select } from "../../base/select.ts";
import { sleep } from "../../base/sleep.ts";
import { Ticker } from "../../base/ticker.ts";
import type { Activity, Order } from "../activity/activity.ts";
import { activityScreen, type Grouping } from "../activity/activity_screen.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import type { Command } from "../command_line/commander.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print } from "../command_line/with_store.ts";
import type { ControlClient } from "../control/control_client.ts";
import { reachRelay } from "../control/reach_store.ts";
import { ACTIVITY } from "../control/wire.ts";
import { StoreUnavailable } from "../../store/event_store.ts";
import { SystemTerminal, type Terminal } from "../system/terminal.ts";
import { version } from "../version.ts";

interface TopFlags {
  readonly once?: boolean;
  readonly json?: boolean;
}

/** How often the relay is asked, milliseconds. */
const INTERVAL_MS = 1_000;

/** A relay that has not answered for so long is said not to, milliseconds. */
const SILENT_MS = 3_000;

/** The width where there is no terminal, columns. */
const PAGE_WIDTH = 160;

const HELP = "c connections  e events  r requests  b bytes  f refusals  k clients/keys  q quit";

const ORDER_KEYS: ReadonlyMap<string, Order> = new Map([
  ["c", "connections"],
  ["e", "events"],
  ["r", "requests"],
  ["b", "bytes"],
  ["f", "refusals"],
]);

/** `q`, Ctrl-C, Ctrl-D and Ctrl-\ */
const QUIT_KEYS: readonly string[] = ["q", "Q", "\x03", "\x04", "\x1c"];

/** Adds the command to the program. */
export function defineTop(program: Command, run: RunCommand): void {
  const command = program.command("top")
    .description("show what the running relay does just now, and for whom")
    .option("--once", "print it once, as where standard output is no terminal")
    .option("--json", "print one JSON object");
  withSettingOptions(command).action((flags: TopFlags & SettingOptions) =>
    run(flags, (context) => top(context, flags, new SystemTerminal()))
  );
}

/** Shows it until a key or a signal ends it, or prints it once. */
export async function top(
  context: CommandContext,
  { once = false, json = false }: TopFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const relay = await reachRelay(context.settings);
  if ("fault" in relay) {
    const mend = "start the relay, or name its settings by --data, --database or --config";
    return await complain(context, `top: ${relay.fault}: ${mend}`, exitCode.failed);
  }
  try {
    if (once || json || !terminal.isThere) return await printOnce(context, relay, json);
    return await new Top(context, relay, terminal).run();
  } catch (error) {
    if (context.stop.aborted) return exitCode.interrupted;
    if (!(error instanceof StoreUnavailable)) throw error;
    return await complain(context, `top: ${error.message}`, exitCode.failed);
  } finally {
    relay.close();
  }
}

/** Measures for a second and prints that. */
async function printOnce(
  context: CommandContext,
  relay: ControlClient,
  json: boolean,
): Promise<ExitCode> {
  const { clock, stop } = context;
  let activity = await relay.call<Activity>(ACTIVITY, [], { signal: stop });
  if (activity.seconds === 0) {
    await sleep(INTERVAL_MS, clock, stop);
    activity = await relay.call<Activity>(ACTIVITY, [], { signal: stop });
  }
  const time = new Date(clock.nowMs()).toISOString();
  if (json) await print(context, JSON.stringify({ time, version, ...activity }));
  else {
    const lines = activityScreen(activity, {
      ...{ width: PAGE_WIDTH, height: Infinity, order: "events", grouping: "clients" },
      title: `gallimimus ${version}  ${time}`,
      canBan: keepsBans(context),
    });
    await print(context, lines.join("\n"));
  }
  return exitCode.done;
}

/** Whether commands can change the rules of the relay. */
function keepsBans({ settings }: CommandContext): boolean {
  return settings.database.url !== "memory:";
}

/** What came of asking the relay. */
type Answer = { readonly activity: Activity } | { readonly fault: string };

/** The full-screen program: one loop that waits for a key, an answer, a tick or the end. */
class Top {
  readonly #context: CommandContext;
  readonly #relay: ControlClient;
  readonly #terminal: Terminal;
  readonly #end = new Latch("end");
  readonly #keys = new Inbox<"keys", string>("keys", 64);
  readonly #answers = new Inbox<"answers", Answer>("answers", 2);
  readonly #ticks: Ticker<"tick">;
  #activity: Activity | undefined;
  /** When the relay answered last, or was asked first. */
  #answeredMs: number;
  #fault: string | undefined;
  #isAsking = false;
  #order: Order = "events";
  #grouping: Grouping = "clients";

  constructor(context: CommandContext, relay: ControlClient, terminal: Terminal) {
    this.#context = context;
    this.#relay = relay;
    this.#terminal = terminal;
    this.#ticks = new Ticker("tick", context.clock, INTERVAL_MS);
    this.#answeredMs = context.clock.monotonicMs();
  }

  async run(): Promise<ExitCode> {
    const { stop } = this.#context;
    const end = () => this.#end.trip();
    try {
      // A relay that cannot be asked at all is an error, told where it stays readable.
      this.#activity = await this.#relay.call<Activity>(ACTIVITY, [], { signal: stop });
      stop.addEventListener("abort", end);
      this.#terminal.open({
        onKeys: (text) => void this.#keys.push(text),
        // Any key draws the screen.
        onResize: () => void this.#keys.push(""),
        onGone: end,
      });
      await this.#loop();
      return exitCode.done;
    } finally {
      this.#terminal.close();
      this.#ticks.stop();
      stop.removeEventListener("abort", end);
    }
  }

  async #loop(): Promise<void> {
    for (;;) {
      this.#draw();
      const signal = await select(this.#end, this.#keys, this.#answers, this.#ticks);
      switch (signal.from) {
        case "end":
          return;
        case "keys":
          for (const key of signal.value.join("")) if (this.#press(key) === "quit") return;
          break;
        case "answers":
          for (const answer of signal.value) this.#take(answer);
          break;
        case "tick":
          void this.#ask();
      }
    }
  }

  #press(key: string): "quit" | undefined {
    if (QUIT_KEYS.includes(key)) return "quit";
    this.#order = ORDER_KEYS.get(key) ?? this.#order;
    if (key === "k") this.#grouping = this.#grouping === "clients" ? "keys" : "clients";
    return undefined;
  }

  #take(answer: Answer): void {
    this.#isAsking = false;
    this.#answeredMs = this.#context.clock.monotonicMs();
    if ("activity" in answer) this.#activity = answer.activity;
    this.#fault = "fault" in answer ? answer.fault : undefined;
  }

  /** One question at a time: a relay that is held up answers it later. */
  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.#answers.push({ activity: await this.#relay.call<Activity>(ACTIVITY) });
    } catch (error) {
      this.#answers.push({ fault: messageOf(error) });
    }
  }

  #draw(): void {
    const { width, height } = this.#terminal.size;
    const silentMs = this.#context.clock.monotonicMs() - this.#answeredMs;
    const silent = silentMs < SILENT_MS
      ? undefined
      : `NO ANSWER FOR ${Math.floor(silentMs / 1_000)} s`;
    this.#terminal.draw(activityScreen(this.#activity, {
      ...{ width, height, order: this.#order, grouping: this.#grouping, help: HELP },
      title: `gallimimus ${version}`,
      fault: silent ?? this.#fault,
      canBan: keepsBans(this.#context),
    }));
  }
}
