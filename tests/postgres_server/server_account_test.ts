import { deepEqual, equal } from "node:assert/strict";
import {
  giveDirectory,
  nameFault,
  reachFault,
  serverAccount,
} from "../../src/postgres_server/server_account.ts";

const isRoot = Deno.uid() === 0;

Deno.test("a user other than root runs the server as that user", async () => {
  deepEqual(await serverAccount("/nowhere", 1000), {});
});

Deno.test("root runs the server as the directory's owner, or as nobody when there is none", async () => {
  equal(await nameFault(await serverAccount("/nowhere", 0)), undefined);
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  // Only root can give a directory away; whoever else runs this owns it already.
  if (isRoot) await Deno.chown(directory, 1234, 1235);
  const { uid, gid } = await Deno.stat(directory);
  deepEqual(await serverAccount(directory, 0), { uid, gid });
  await Deno.remove(directory);
});

Deno.test("a directory given to the account is closed to others", async () => {
  const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.chmod(parent, 0o755);
  const account = await serverAccount(parent);
  await giveDirectory(`${parent}/a/b`, account);
  equal(await reachFault(`${parent}/a/b`, account), undefined);
  if (isRoot) equal((await Deno.stat(`${parent}/a/b`)).mode! & 0o777, 0o700);
  await Deno.remove(parent, { recursive: true });
});

Deno.test("it is a fault when the account cannot reach a directory that exists or will exist", async () => {
  const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.mkdir(`${parent}/open`, { mode: 0o755 });
  await Deno.chmod(parent, 0o700);
  // Only root can ask on another's behalf; whoever else runs this asks for itself.
  const account = await serverAccount("/nowhere");
  for (const directory of [`${parent}/open`, `${parent}/open/new/postgres`]) {
    const fault = await reachFault(directory, account);
    equal(fault?.includes(`${parent}/open`) ?? false, isRoot);
  }
  await Deno.remove(parent, { recursive: true });
});

Deno.test("a user without a name cannot run initdb", async () => {
  equal(
    await nameFault({ uid: 3_999_999_999, gid: 0 }),
    "the system has no name for user 3999999999, which Postgres needs",
  );
});
