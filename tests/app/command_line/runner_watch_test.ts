import { equal } from "node:assert/strict";
import { watchRunner } from "../../../src/app/command_line/runner_watch.ts";

const npx = { npm_command: "exec" };

/** Whether a child of this process is a shell that sleeps: the watch, between two looks at all the others. */
async function isWatched(): Promise<boolean> {
  const args = ["-axo", "pid=,ppid=,comm="];
  const { stdout } = await new Deno.Command("ps", { args }).output();
  const rows = new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => line.trim().split(/\s+/));
  const ours = new Set(
    rows.filter(([, parent]) => Number(parent) === Deno.pid).map(([pid]) => pid),
  );
  return rows.some(([, parent, name]) => ours.has(parent) && name!.endsWith("sleep"));
}

async function untilWatched(is: boolean): Promise<void> {
  while (await isWatched() !== is) await new Promise((resolve) => setTimeout(resolve, 20));
}

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
  await untilWatched(true);
  line.child.kill("SIGKILL");
  await gone.promise;
  await end();
  await line.end();
});

Deno.test("while all are there nothing is told, and the watch ends when it is asked to", async () => {
  const line = await startLine();
  let count = 0;
  const end = watchRunner({ environment: npx, pid: line.pid }, () => count++);
  await untilWatched(true);
  await end();
  equal(count, 0);
  line.child.kill("SIGKILL");
  await line.end();
});

/**
 * `npx` that runs one program by a shell: says the numbers of the shell and of the program. Both outlive what
 * is killed.
 */
async function startDirectly() {
  const directory = await Deno.makeTempDir();
  await Deno.symlink("/bin/sh", `${directory}/npm exec deno`);
  const program = "echo $PPID $$; exec sleep 60";
  const shell = `sh -c "${program.replaceAll("$", "\\$")}" & wait`;
  const npx = `sh -c '${shell}' & wait`;
  const child = new Deno.Command("sh", {
    args: ["-c", 'PATH="$1:$PATH"; exec "npm exec deno" -c "$2"', "sh", directory, npx],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const [shellPid, pid] = (await reader.read()).value!.split(" ").map(Number);
  const end = async () => {
    for (const each of [pid!, shellPid!, child.pid]) {
      try {
        Deno.kill(each, "SIGKILL");
      } catch {
        // It has ended already.
      }
    }
    await reader.cancel();
    await child.status;
    await Deno.remove(directory, { recursive: true });
  };
  return { npxPid: child.pid, shellPid: shellPid!, pid: pid!, end };
}

const directly = { ...npx, npm_lifecycle_script: "'deno'" };

for (const victim of ["shellPid", "npxPid"] as const) {
  Deno.test(`without a task runner, ${victim === "npxPid" ? "npx" : "its shell"} is watched`, async () => {
    const line = await startDirectly();
    const gone = Promise.withResolvers<void>();
    const end = watchRunner({ environment: directly, pid: line.pid }, gone.resolve);
    await untilWatched(true);
    Deno.kill(line[victim], "SIGKILL");
    await gone.promise;
    await end();
    await line.end();
  });
}

Deno.test("what a line of shell has left in the background is not stopped with that", async () => {
  const line = await startDirectly();
  let count = 0;
  const environment = { ...npx, npm_lifecycle_script: "deno run mod.ts serve &" };
  const end = watchRunner({ environment, pid: line.pid }, () => count++);
  await untilWatched(true);
  Deno.kill(line.shellPid, "SIGKILL");
  await untilWatched(false);
  await end();
  equal(count, 0);
  await line.end();
});

Deno.test("a program that npx did not start watches nobody", async () => {
  await watchRunner({ environment: {} }, () => {
    throw new Error("nobody is watched");
  })();
});
