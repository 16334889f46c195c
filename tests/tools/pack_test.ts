import { equal, match, ok, rejects } from "node:assert/strict";
import { pack } from "../../tools/pack.ts";

const root = new URL("../../", import.meta.url).pathname;

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

Deno.test("a folder is written anew, but nothing else is taken away", async () => {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.writeTextFile(`${directory}/photo.jpg`, "");
  await rejects(pack(root, directory, Deno.version.deno), /not empty/);
  ok((await Deno.stat(`${directory}/photo.jpg`)).isFile);
  await rejects(pack(root, `${directory}/photo.jpg`, Deno.version.deno), /not empty/);
  await Deno.mkdir(`${directory}/empty`);
  for (let time = 0; time < 2; time++) await pack(root, `${directory}/empty`, Deno.version.deno);
  ok((await Deno.stat(`${directory}/empty/deno.lock`)).isFile);
  await Deno.remove(directory, { recursive: true });
});
