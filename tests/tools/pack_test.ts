import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Lock, pack, prunedLock, usedImports } from "../../tools/pack.ts";

const root = new URL("../../", import.meta.url).pathname;

Deno.test("of a lock file, what is reached from the imports is kept, with the versions it has", () => {
  const lock: Lock = {
    version: "5",
    specifiers: { "npm:@a/a@1.0.0": "1.0.0", "npm:z@1.0.0": "1.0.0" },
    npm: {
      "@a/a@1.0.0": { dependencies: ["b@1.0.0"], optionalDependencies: ["c"] },
      "b@1.0.0": {},
      "b@2.0.0": {},
      "c@1.0.0": { dependencies: ["@a/a"] },
      "z@1.0.0": { dependencies: ["b@2.0.0"] },
    },
    workspace: { dependencies: ["npm:@a/a@1.0.0", "npm:z@1.0.0"] },
  };
  deepEqual(prunedLock(lock, { "@a/a/": "npm:/@a/a@1.0.0/", own: "./mod.ts" }), {
    version: "5",
    specifiers: { "npm:@a/a@1.0.0": "1.0.0" },
    npm: {
      // There is one version of it left.
      "@a/a@1.0.0": { dependencies: ["b"], optionalDependencies: ["c"] },
      "b@1.0.0": {},
      "c@1.0.0": { dependencies: ["@a/a"] },
    },
    workspace: { dependencies: ["npm:@a/a@1.0.0"] },
  });
});

Deno.test("an import counts where it is imported, not where its name is a text", () => {
  const imports = { ws: "npm:ws@1.0.0", hono: "npm:hono@1.0.0" };
  deepEqual(Object.keys(usedImports(imports, 'const scheme = "ws";\nfrom "hono";')), ["hono"]);
});

Deno.test("the launcher of the package runs the relay, passes signals on and ends with its code", async () => {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  const home = `${directory}/node_modules/gallimimus`;
  await pack(root, home, Deno.version.deno);
  // As `npm install` leaves it.
  const deno = `${directory}/node_modules/deno`;
  await Deno.mkdir(deno);
  await Deno.writeTextFile(`${deno}/package.json`, '{ "name": "deno" }');
  await Deno.symlink(Deno.execPath(), `${deno}/deno`);

  const launch = (...args: string[]) =>
    new Deno.Command("node", {
      args: [`${home}/bin/gallimimus.mjs`, ...args],
      cwd: directory,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "null",
    }).spawn();
  const { version } = JSON.parse(await Deno.readTextFile(`${home}/package.json`));
  const told = await launch("--version").output();
  equal(new TextDecoder().decode(told.stdout).trim(), version);

  const serving = launch("serve", "--listen", "127.0.0.1:0", "--database", "memory:");
  const lines = serving.stdout.pipeThrough(new TextDecoderStream()).getReader();
  match((await lines.read()).value ?? "", /^listening on ws:/);
  serving.kill("SIGTERM");
  equal((await serving.status).code, 0);
  await lines.cancel();

  const wrong = launch("no-such-command");
  const [{ code }] = await Promise.all([wrong.status, wrong.stdout.cancel()]);
  equal(code, 2);
  ok((await Deno.stat(`${home}/migrations`)).isDirectory);
  await Deno.remove(directory, { recursive: true });
});
