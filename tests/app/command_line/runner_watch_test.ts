import { equal } from "node:assert/strict";
import { watchRunner } from "../../../src/app/command_line/runner_watch.ts";

const npx = { npm_command: "exec" };

/** A line of processes as `npx` makes it; says the number of the last one, and lives until it is ended. */
async function startLine() {
  const last = "echo $$; exec sleep 60";
  const line = `sh -c 'sh -c "${last.replaceAll("$", "\\$")}" & wait' & wait`;
  const child = new Deno.Command("sh", { args: ["-c", line], stdout: "piped" }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const pid = Number((await reader.read()).value);
  return {
    child,
    pid,
    async end() {
      Deno.kill(pid, "SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

Deno.test("when the process above the task runner is gone, that is told", async () => {
  const line = await startLine();
  const gone = Promise.withResolvers<void>();
  const end = watchRunner({ environment: npx, pid: line.pid }, gone.resolve);
  await new Promise((resolve) => setTimeout(resolve, 300));
  line.child.kill("SIGKILL");
  await gone.promise;
  await end();
  await line.end();
});

Deno.test("while all are there nothing is told, and the watch ends when it is asked to", async () => {
  const line = await startLine();
  let count = 0;
  const end = watchRunner({ environment: npx, pid: line.pid }, () => count++);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await end();
  equal(count, 0);
  line.child.kill("SIGKILL");
  await line.end();
});

Deno.test("a program that npx did not start watches nobody", async () => {
  await watchRunner({ environment: {} }, () => {
    throw new Error("nobody is watched");
  })();
});
