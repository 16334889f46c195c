/**
 * A program that reports signals on standard error and ends only on a second one.
 *
 * @module
 */

import { systemClock } from "../../src/app/system/system_clock.ts";
import { watchStopSignals } from "../../src/app/command_line/signals.ts";

const watch = watchStopSignals({ clock: systemClock, exit: (code) => Deno.exit(code) });
watch.stop.addEventListener("abort", () => console.error("stopping"));
setInterval(() => {}, 60_000);
console.error("ready");
