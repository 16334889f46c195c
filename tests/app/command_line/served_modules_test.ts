import { deepEqual, ok } from "node:assert/strict";

/** A module of `deno info --json`. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier: string };
    readonly isDynamic?: boolean;
  }[];
}

const root = new URL("../../../", import.meta.url);

/** What `serve` imports late, one after the other, with a database in memory and nothing else set. */
const IMPORTED_LATE = [
  ...["main.ts", "commands/serve.ts", "start_checks.ts", "own_key.ts", "relay_host.ts"],
].map((path) => `src/app/${path}`);

/** The modules of the relay that are loaded with these. */
async function loadedWith(entries: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--config", new URL("deno.json", root).pathname, "mod.ts"],
    cwd: root,
    stderr: "null",
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly modules: readonly Module[];
  };
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set(entries.map((entry) => new URL(entry, root).href));
  for (const specifier of loaded) {
    for (const { code, isDynamic } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (code !== undefined && !isDynamic) loaded.add(code.specifier);
    }
  }
  return [...loaded].filter((specifier) => specifier.startsWith(root.href))
    .map((specifier) => specifier.slice(root.href.length));
}

/** What only other commands, databases and settings need. */
const NEEDED_ELSEWHERE = [
  "src/app/activity/activity_meter.ts",
  "src/app/mirrors/mirrors.ts",
  "src/app/network/metrics.ts",
  "src/app/mirrors/relay_list_exchange.ts",
  "src/app/workers/worker_group.ts",
  "src/net/client/dial.ts",
  "src/postgres_server/managed_postgres.ts",
  "src/store/database/pglite.ts",
  "src/store/database/postgres.ts",
  "src/store/sql_store.ts",
  "src/sync/mirror_link.ts",
];

Deno.test("serve loads no other command, and without a database no SQL, server or mirrors", async () => {
  const loaded = await loadedWith(["mod.ts", ...IMPORTED_LATE]);
  const commands = loaded.filter((path) => path.startsWith("src/app/commands/"));
  deepEqual(commands, ["src/app/commands/serve.ts"]);
  deepEqual(NEEDED_ELSEWHERE.filter((path) => loaded.includes(path)), []);
  // Each of them is where it is looked for.
  for (const path of NEEDED_ELSEWHERE) ok((await Deno.stat(new URL(path, root))).isFile, path);
});
