import { equal } from "node:assert/strict";
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
    // The same signal again, as a task runner passes it on.
    program.kill(signal);
    await new Promise((resolve) => setTimeout(resolve, 700));
    program.kill(signal);
    equal((await program.end()).code, exitCode.interrupted);
  });
}

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
