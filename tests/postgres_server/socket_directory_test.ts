import { equal, notEqual, ok, rejects } from "node:assert/strict";
import { socketDirectory } from "../../src/postgres_server/socket_directory.ts";

const account = {};

async function withTemporary(work: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = await Deno.makeTempDir({ dir: "/tmp", prefix: "gallimimus-" });
  try {
    await work(temporary);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

Deno.test("the socket is beside the data if the path is short enough", async () => {
  await withTemporary(async (home) => {
    equal(await socketDirectory(home, account), `${home}/run`);
  });
});

Deno.test("a long path gets a directory of its own, always the same and closed to others", async () => {
  await withTemporary(async (temporary) => {
    const home = `/${"long/".repeat(20)}`;
    const directory = await socketDirectory(home, account, temporary);
    equal(await socketDirectory(home, account, `${temporary}/`), directory);
    notEqual(await socketDirectory(`${home}other`, account, temporary), directory);
    equal((await Deno.stat(directory)).mode! & 0o777, 0o700);
    ok(`${directory}/.s.PGSQL.5432`.length <= 103);
  });
});

Deno.test("a directory that others can write to is not used", async () => {
  await withTemporary(async (temporary) => {
    const home = `/${"long/".repeat(20)}`;
    await Deno.chmod(await socketDirectory(home, account, temporary), 0o777);
    await rejects(socketDirectory(home, account, temporary), /is not ours/);
  });
});

Deno.test("a symbolic link in its place is not followed", async () => {
  await withTemporary(async (temporary) => {
    const home = `/${"long/".repeat(20)}`;
    const directory = await socketDirectory(home, account, temporary);
    await Deno.remove(directory);
    await Deno.symlink(temporary, directory);
    await rejects(socketDirectory(home, account, temporary), /is not ours/);
  });
});
