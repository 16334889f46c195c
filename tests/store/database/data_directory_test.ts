import { deepEqual, equal, rejects } from "node:assert/strict";
import { DataDirectory } from "../../../src/store/database/data_directory.ts";

async function inFreshDirectory(work: (parent: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
  try {
    await work(parent);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

Deno.test("a directory is locked until it is released", () =>
  inFreshDirectory(async (parent) => {
    const first = await DataDirectory.claim(`${parent}/deep/data/`);
    equal(first.path, `${parent}/deep/data`);
    await rejects(DataDirectory.claim(`${parent}/deep/data`), {
      name: "StoreUnavailable",
      message: /in use by another process/,
    });
    first.release();
    (await DataDirectory.claim(`${parent}/deep/data`)).release();
  }));

Deno.test("a link and what it leads to are one directory", () =>
  inFreshDirectory(async (parent) => {
    await Deno.mkdir(`${parent}/disk/data`, { recursive: true });
    await Deno.symlink(`${parent}/disk/data`, `${parent}/link`);
    const first = await DataDirectory.claim(`${parent}/link`);
    equal(first.path, `${parent}/link`);
    await rejects(DataDirectory.claim(`${parent}/disk/data`), /in use by another process/);
    first.release();
    // Where nothing may be written beside it, the lock is beside the link.
    await Deno.remove(`${parent}/disk/data.lock`);
    await Deno.mkdir(`${parent}/disk/data.lock`);
    (await DataDirectory.claim(`${parent}/link`)).release();
  }));

Deno.test("a lock file that was left behind has no effect", () =>
  inFreshDirectory(async (parent) => {
    await Deno.writeTextFile(`${parent}/data.lock`, "12345");
    (await DataDirectory.claim(`${parent}/data`)).release();
  }));

Deno.test("a complete draft becomes the database, and an incomplete one is removed", () =>
  inFreshDirectory(async (parent) => {
    const directory = await DataDirectory.claim(`${parent}/data`);
    await Deno.mkdir(directory.draftPath);
    await Deno.writeTextFile(`${directory.draftPath}/half`, "");
    equal(await directory.hasDatabase(), false);

    await Deno.mkdir(directory.draftPath);
    await Deno.writeTextFile(`${directory.draftPath}/PG_VERSION`, "18");
    await directory.adoptDraft();
    equal(await directory.hasDatabase(), true);
    deepEqual([...Deno.readDirSync(`${parent}/data`)].map(({ name }) => name), ["PG_VERSION"]);
    directory.release();
  }));

Deno.test("a directory that holds something else is refused", () =>
  inFreshDirectory(async (parent) => {
    await Deno.mkdir(`${parent}/data`);
    await Deno.writeTextFile(`${parent}/data/letter.txt`, "dear");
    const directory = await DataDirectory.claim(`${parent}/data`);
    await rejects(directory.hasDatabase(), { name: "StoreUnavailable" });
    directory.release();
  }));

Deno.test("a path where no directory can be created is StoreUnavailable", () =>
  inFreshDirectory(async (parent) => {
    await Deno.writeTextFile(`${parent}/file`, "");
    await rejects(DataDirectory.claim(`${parent}/file/data`), { name: "StoreUnavailable" });
  }));
