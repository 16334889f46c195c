import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { ControlServer } from "../../../src/app/control/control_server.ts";
import {
  controlSocketPath,
  ownerFault,
  pathFault,
} from "../../../src/app/control/control_socket.ts";
import { embeddedDirectory } from "../../../src/app/database/database_url.ts";
import { openOrReach, type ReachOptions } from "../../../src/app/control/reach_store.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { silentLog } from "../../../src/base/log.ts";
import { DataDirectory } from "../../../src/store/database/data_directory.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { idsIn, recordOf, someEvent } from "../../kit/records.ts";

/** A directory that another process seems to have locked. */
async function inLockedDirectory(work: (path: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
  const path = `${parent}/pglite`;
  await Deno.mkdir(path);
  const directory = await DataDirectory.claim(path);
  try {
    await work(path);
  } finally {
    directory.release();
    await Deno.remove(parent, { recursive: true });
  }
}

function reach(path: string, options: ReachOptions = {}) {
  const settings = settingsWith(new Map([["database.url", `pglite:${path}`]]));
  return openOrReach(settings, silentLog, options);
}

Deno.test("the store of the relay that has locked a directory is asked instead", () =>
  inLockedDirectory(async (path) => {
    const store = new MemoryStore();
    const event = someEvent();
    await store.put([recordOf(event)]);
    const onRulesChanged = () => Promise.resolve();
    const server = await ControlServer.open(controlSocketPath(path), { store, onRulesChanged });
    await rejects(reach(path, { isAlone: true }), /: stop that process first$/);
    for (const way of [path, `${path}/`]) {
      const reached = await reach(way);
      deepEqual(await idsIn(reached, {}), [event.id]);
      await reached.close();
    }
    await server.close();
  }));

Deno.test("a locked directory whose process answers no commands is in use, and what is missing is said", () =>
  inLockedDirectory(async (path) => {
    const inUse = `${path} is in use by another process, which has locked ${path}.lock: ` +
      "stop that process first; ";
    const socket = controlSocketPath(path);
    const fault = (message: string) => ({ name: "StoreUnavailable", message: inUse + message });
    await rejects(reach(path), fault(`there is no control socket at ${socket}`));
    await Deno.writeTextFile(socket, "");
    await rejects(reach(path), fault(`${socket} is not a socket`));
  }));

Deno.test("a database that must exist is not made", () =>
  inLockedDirectory(async (path) => {
    const missing = `${path}-of-another-name`;
    const name = "StoreUnavailable";
    for (const isAlone of [true, false]) {
      await rejects(reach(missing, { isAlone, mustExist: true }), {
        name,
        message: `there is none at ${missing}: name the relay's by --data, --database or --config`,
      });
    }
    await rejects(Deno.stat(`${missing}.lock`), Deno.errors.NotFound);
    // What is there is tried.
    await Deno.writeTextFile(`${path}/PG_VERSION`, "18");
    await rejects(reach(path, { mustExist: true }), /in use by another process/);
  }));

Deno.test("a socket that nobody answers at is named", () =>
  inLockedDirectory(async (path) => {
    const socket = controlSocketPath(path);
    const script = `Deno.listen({ transport: "unix", path: ${JSON.stringify(socket)} });
      Deno.kill(Deno.pid, "SIGKILL")`;
    await new Deno.Command(Deno.execPath(), { args: ["eval", script], stderr: "null" }).output();
    await rejects(reach(path), {
      name: "StoreUnavailable",
      message: /cannot be asked at .*sock: /,
    });
  }));

Deno.test("a socket that another user made is not trusted", () =>
  inLockedDirectory(async (path) => {
    const socket = controlSocketPath(path);
    const listener = Deno.listen({ transport: "unix", path: socket });
    equal(await ownerFault(socket, path), undefined);
    // Only root may give files away.
    if (Deno.uid() === 0) {
      await Deno.chown(socket, 12_345, null);
      equal(await ownerFault(socket, path), `${socket} belongs to another user`);
      await Deno.chown(path, 12_345, null);
      equal(await ownerFault(socket, path), undefined);
    }
    listener.close();
  }));

Deno.test("the socket is beside the directory of an embedded database, and there is none of others", () => {
  equal(embeddedDirectory("managed:./data/postgres"), "./data/postgres");
  equal(embeddedDirectory("pglite:/var/x/"), "/var/x/");
  for (const url of ["memory:", "postgres://x/y", "pglite:"]) {
    equal(embeddedDirectory(url), undefined);
  }
  equal(controlSocketPath("/var/x/"), "/var/x.sock");
});

Deno.test("a path that is too long for a socket is told before anybody tries", () => {
  equal(pathFault(`/${"x".repeat(102)}`), undefined);
  match(pathFault(`/${"x".repeat(103)}`)!, /^its path has 104 bytes, .* 103: use a shorter path/);
  match(pathFault("ü".repeat(60))!, /^its path has 120 bytes/);
});
