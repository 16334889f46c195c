import { deepEqual, equal, rejects } from "node:assert/strict";
import { layOutPrograms } from "../../src/postgres_server/postgres_programs.ts";

/** A package of two programs and one library with a link to be made. */
async function withPackage(work: (directory: string, root: string) => Promise<void>) {
  const root = await Deno.makeTempDir({ prefix: "gallimimus-" });
  const directory = `${root}/native`;
  await Deno.mkdir(`${directory}/bin`, { recursive: true });
  await Deno.mkdir(`${directory}/lib`);
  await Deno.writeTextFile(`${directory}/bin/postgres`, "a server", { mode: 0o600 });
  await Deno.writeTextFile(`${directory}/lib/libpq.so.5.1`, "a library");
  const links = [{ source: "native/lib/libpq.so.5.1", target: "native/lib/libpq.so.5" }];
  await Deno.writeTextFile(`${directory}/pg-symlinks.json`, JSON.stringify(links));
  try {
    await work(directory, root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("programs are copied to where any user can run them, with their links", async () => {
  await withPackage(async (directory, root) => {
    const programs = await layOutPrograms({ directory, version: "1" }, `${root}/home`);
    deepEqual(programs, {
      initdb: `${root}/home/bin/initdb`,
      postgres: `${root}/home/bin/postgres`,
    });
    equal((await Deno.stat(programs.postgres)).mode! & 0o777, 0o755);
    equal((await Deno.stat(`${root}/home/bin`)).mode! & 0o777, 0o755);
    equal(await Deno.readTextFile(`${root}/home/lib/libpq.so.5`), "a library");
    equal(await Deno.readLink(`${root}/home/lib/libpq.so.5`), "libpq.so.5.1");
  });
});

Deno.test("a copy that exists is left as it is", async () => {
  await withPackage(async (directory, root) => {
    await layOutPrograms({ directory, version: "1" }, `${root}/home`);
    await Deno.writeTextFile(`${root}/home/bin/postgres`, "an older server");
    await layOutPrograms({ directory, version: "1" }, `${root}/home`);
    equal(await Deno.readTextFile(`${root}/home/bin/postgres`), "an older server");
  });
});

Deno.test("concurrent calls find the same copy", async () => {
  await withPackage(async (directory, root) => {
    const home = `${root}/home`;
    await Promise.all([1, 2, 3].map(() => layOutPrograms({ directory, version: "1" }, home)));
    deepEqual((await Array.fromAsync(Deno.readDir(root))).map(({ name }) => name).sort(), [
      "home",
      "native",
    ]);
  });
});

Deno.test("a failure leaves nothing behind", async () => {
  await withPackage(async (directory, root) => {
    await Deno.remove(`${directory}/pg-symlinks.json`);
    await rejects(layOutPrograms({ directory, version: "1" }, `${root}/home`), /No such file/);
    deepEqual((await Array.fromAsync(Deno.readDir(root))).map(({ name }) => name), ["native"]);
  });
});
