import { deepEqual, equal } from "node:assert/strict";
import {
  parsePostmasterFile,
  readPostmasterFile,
  stopLeftServer,
} from "../../src/postgres_server/postmaster_file.ts";
import { FakeClock } from "../kit/fake_clock.ts";

const head = "4711\n/data\n1700000000\n5432\n/data/run\n\n  5432001    65536\n";

Deno.test("a server is ready when its eighth line says so, and only then", () => {
  deepEqual(parsePostmasterFile(`${head}ready   \n`), { pid: 4711, isReady: true });
  for (const status of ["starting\n", "stopping\n", "standby \n", ""]) {
    deepEqual(parsePostmasterFile(head + status), { pid: 4711, isReady: false });
  }
});

Deno.test("an incomplete file is ignored", () => {
  for (const text of ["", "\n", "-4711\n", "4711.5\n", "no number\n"]) {
    equal(parsePostmasterFile(text), undefined);
  }
});

Deno.test("a directory without a server has no file, and nothing needs to be stopped", async () => {
  const data = await Deno.makeTempDir({ prefix: "gallimimus-" });
  equal(await readPostmasterFile(data), undefined);
  equal(await stopLeftServer({ data, socket: data }, new FakeClock()), false);
  await Deno.remove(data);
});

Deno.test("lock files that name a process of something else are removed", async () => {
  const data = await Deno.makeTempDir({ prefix: "gallimimus-" });
  for (const name of ["postmaster.pid", ".s.PGSQL.5432.lock"]) {
    await Deno.writeTextFile(`${data}/${name}`, `${Deno.pid}\n`);
  }
  equal(await stopLeftServer({ data, socket: data }, new FakeClock()), false);
  deepEqual(await Array.fromAsync(Deno.readDir(data)), []);
  await Deno.remove(data);
});
