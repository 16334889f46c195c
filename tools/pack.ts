/**
 * Lays out what a relay needs to run, and nothing of what its tests need: the folder that `npm pack`
 * packs and that the container image holds. `deno task pack [DIRECTORY]`, by default `dist/package`.
 *
 * @module
 */

/** The files and folders that are copied as they are. */
const COPIED = [
  ...["mod.ts", "sockets.ts", "src", "migrations", "docs", "config.toml", "deno.lock"],
  ...["README.md", "CHANGELOG.md", "BEHAVIOR.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "LICENSE"],
];

/** Where the program of the package is. */
const LAUNCHER = "bin/gallimimus.mjs";

/** The tasks that make sense without tests and tools. */
const TASKS = ["start", "gallimimus"];

/** Its name at npm, where a name needs no scope. */
const NPM_NAME = "gallimimus";

/** The least Node that runs the launcher. */
const NODE = ">=18";

/** Writes the folder, in place of an earlier one. Rejects where something else is. */
export async function pack(root: string, directory: string, denoVersion: string): Promise<void> {
  if (!await isReplaceable(directory)) throw new Error(`${directory} is not empty, and no package`);
  await Deno.remove(directory, { recursive: true }).catch(ignoreMissing);
  await Deno.mkdir(`${directory}/bin`, { recursive: true });
  for (const name of COPIED) await copy(`${root}/${name}`, `${directory}/${name}`);
  await Deno.copyFile(`${root}/packaging/npm/gallimimus.mjs`, `${directory}/${LAUNCHER}`);
  await Deno.chmod(`${directory}/${LAUNCHER}`, 0o755);

  const settings = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const { name, version, license, exports, imports, compilerOptions, tasks, lock } = settings;
  await writeJson(`${directory}/deno.json`, {
    ...{ name, version, license, exports, imports, compilerOptions, lock },
    tasks: Object.fromEntries(TASKS.map((task) => [task, tasks[task]])),
  });
  await writeJson(`${directory}/package.json`, {
    name: NPM_NAME,
    version,
    description: "A Nostr relay on Deno with Postgres underneath",
    keywords: ["nostr", "relay", "postgres", "deno"],
    license,
    type: "module",
    bin: { gallimimus: LAUNCHER },
    dependencies: { deno: denoVersion },
    engines: { node: NODE },
  });
}

/** Whether there is nothing at a path, an empty folder, or what {@link pack} has written. */
async function isReplaceable(directory: string): Promise<boolean> {
  try {
    const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
    if (names.length === 0) return true;
    if (!names.includes("package.json") || !names.includes("bin")) return false;
    const { bin } = JSON.parse(await Deno.readTextFile(`${directory}/package.json`));
    return bin?.gallimimus === LAUNCHER;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

if (import.meta.main) {
  const [directory = "dist/package"] = Deno.args;
  await pack(".", directory, Deno.version.deno);
  console.log(`laid out in ${directory}`);
}
