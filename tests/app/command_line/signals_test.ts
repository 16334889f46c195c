import { deepEqual, equal } from "node:assert/strict";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { watchHangup, watchStopSignals } from "../../../src/app/command_line/signals.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { Program } from "../../kit/program.ts";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`the first ${signal} asks, one half a second later ends the process at once`, async () => {
    await using program = new Program("tests/kit/stoppable_program.ts", []);
    await program.said("ready");
    program.kill(signal);
    await program.said("stopping");
    await new Promise((resolve) => setTimeout(resolve, 700));
    program.kill(signal);
    equal((await program.end()).code, exitCode.interrupted);
  });
}

Deno.test("the same signal again, as a task runner passes it on, is ignored for half a second", async () => {
  const clock = new FakeClock();
  const codes: number[] = [];
  const watch = watchStopSignals({ clock, exit: (code) => void codes.push(code) });
  let seen = Promise.withResolvers<void>();
  const see = () => seen.resolve();
  // Called after the listener of the watch. SIGINT would end the runner of the tests.
  Deno.addSignalListener("SIGTERM", see);
  // Waiting for a signal alone does not keep a process running.
  const running = setInterval(() => {}, 1000);
  for (const [passMs, expected] of [[0, []], [499, []], [1, [exitCode.interrupted]]] as const) {
    clock.advance(passMs);
    Deno.kill(Deno.pid, "SIGTERM");
    await seen.promise;
    seen = Promise.withResolvers<void>();
    deepEqual([watch.stop.aborted, codes], [true, expected]);
  }
  clearInterval(running);
  Deno.removeSignalListener("SIGTERM", see);
  watch.close();
});

Deno.test("nothing has happened before a signal, and nothing is left of the watch when it ends", () => {
  const watch = watchStopSignals({
    clock: new FakeClock(),
    exit: () => {
      throw new Error("exit");
    },
  });
  equal(watch.stop.aborted, false);
  watch.close();
});

Deno.test("a SIGHUP is told as often as it comes, until nobody listens", async () => {
  let count = 0;
  let told = Promise.withResolvers<void>();
  const ignore = watchHangup(() => {
    count++;
    told.resolve();
  });
  // Waiting for a signal alone does not keep a process running.
  const running = setInterval(() => {}, 1000);
  for (let at = 0; at < 2; at++) {
    Deno.kill(Deno.pid, "SIGHUP");
    await told.promise;
    told = Promise.withResolvers<void>();
  }
  clearInterval(running);
  ignore();
  equal(count, 2);
});
