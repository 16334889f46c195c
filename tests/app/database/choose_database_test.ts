import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { chooseDatabase, requireDatabase } from "../../../src/app/database/choose_database.ts";

async function withData(work: (data: string) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.chmod(data, 0o755);
  try {
    await work(data);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

Deno.test("a URL is used as it is", async () => {
  const url = "postgres://u:p@h/d";
  deepEqual(await chooseDatabase({ url, data: "./data" }), { url });
});

Deno.test("a new relay has a private server, where there can be one", async () => {
  await withData(async (data) => {
    deepEqual(await chooseDatabase({ url: "", data: `${data}/new/` }), {
      url: `managed:${data}/new/postgres`,
    });
  });
});

Deno.test("a relay that has an embedded database keeps that", async () => {
  await withData(async (data) => {
    await Deno.mkdir(`${data}/postgres/data`, { recursive: true });
    equal((await chooseDatabase({ url: "", data })).url, `managed:${data}/postgres`);
    await Deno.mkdir(`${data}/pglite`);
    equal((await chooseDatabase({ url: "", data })).url, `pglite:${data}/pglite`);
  });
});

Deno.test("the data of an upgrade that was killed between its renames are there for all commands", async () => {
  await withData(async (data) => {
    const upgraded = `${data}/postgres/data.upgraded`;
    await Deno.mkdir(upgraded, { recursive: true });
    equal((await chooseDatabase({ url: "", data })).url, `managed:${data}/postgres`);
    await rejects(requireDatabase({ url: "", data }), /there is none at/);
    await Deno.writeTextFile(`${upgraded}/PG_VERSION`, "18\n");
    await requireDatabase({ url: "", data });
  });
});

Deno.test("where root's server could not get to its data, PGlite can, and the reason is told", async () => {
  await withData(async (data) => {
    await Deno.chmod(data, 0o700);
    const { url, because } = await chooseDatabase({ url: "", data });
    // Whoever is not root runs the server as himself.
    if (Deno.uid() !== 0) return equal(url, `managed:${data}/postgres`);
    equal(url, `pglite:${data}/pglite`);
    ok(because?.includes(data));
  });
});

Deno.test({
  name: "a process that may not start others has PGlite",
  permissions: { read: true, write: true, env: true, sys: true, run: false },
  fn: async () => {
    deepEqual(await chooseDatabase({ url: "", data: "/nowhere" }), {
      url: "pglite:/nowhere/pglite",
      because: "this process may not start others (--allow-run)",
    });
  },
});
