import { deepEqual, rejects } from "node:assert/strict";
import { openManaged } from "../../../src/app/database/open_managed.ts";
import { silentLog } from "../../../src/base/log.ts";

const options = {
  log: silentLog,
  connections: 2,
  postgres: { readConnections: 1, writeConnections: 1 },
};

Deno.test("the database can be used, and closing it stops its server", async () => {
  const root = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.chmod(root, 0o755);
  const database = await openManaged(`${root}/postgres`, options);
  await database.script("create table numbers (n integer)");
  const inserted = await database.transaction((session) =>
    session.query({
      text: "insert into numbers values ($1) returning n",
      parameters: [7],
      read: (cells) => cells.integer(0),
    })
  );
  deepEqual(inserted, [7]);
  await database.close();
  await database.close();
  await rejects(Deno.stat(`${root}/postgres/data/postmaster.pid`), Deno.errors.NotFound);
  await Deno.remove(root, { recursive: true });
});

Deno.test("a directory that cannot be had is named", async () => {
  await rejects(openManaged("/dev/null/postgres", options), /\/dev\/null\/postgres/);
});
