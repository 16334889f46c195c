#!/usr/bin/env node
/**
 * Runs the program of this package under the Deno of npm, in the current directory. Settings, data
 * and arguments are those of `deno task gallimimus`.
 */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);

/** The executable of Deno. Its own launcher does not pass signals on. */
function denoPath() {
  const directory = dirname(require.resolve("deno/package.json"));
  const path = join(directory, process.platform === "win32" ? "deno.exe" : "deno");
  // Where npm ran no scripts, the executable is still to be found.
  return existsSync(path) ? path : require("deno/install_api.cjs").runInstall();
}

/** The permissions of the program: those of its task. */
function permissions() {
  const { tasks } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  return tasks.gallimimus.command.split(" ").filter((word) => word.startsWith("--"));
}

const config = ["--frozen", "--config", join(root, "deno.json")];
const args = ["run", ...permissions(), ...config, join(root, "mod.ts"), ...process.argv.slice(2)];
// The package.json of this package is npm's: what the relay imports is in its deno.json.
const env = { ...process.env, DENO_NO_PACKAGE_JSON: "1" };
const child = spawn(denoPath(), args, { stdio: "inherit", env });

// Signals of a terminal reach both processes; those of `kill` only this one. The relay takes two
// within half a second for one.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));

child.on("error", (error) => {
  console.error(`gallimimus: Deno cannot be started: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  // Ends as the relay did.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(name);
  process.kill(process.pid, signal);
});
