import { deepEqual, equal, match, rejects } from "node:assert/strict";
import {
  endReplacement,
  prepareCluster,
  replaceCluster,
  upgradedPath,
} from "../../src/postgres_server/data_cluster.ts";

/** A program in the place of `initdb`, which gets `-D` and the directory first. */
async function withInitdb(
  script: string,
  work: (path: string, prepare: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "gallimimus-" });
  const initdb = `${root}/initdb`;
  await Deno.writeTextFile(initdb, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const options = {
    found: { directory: root, version: "18.4.0" },
    programs: { initdb, postgres: `${root}/postgres` },
    account: {},
  };
  try {
    await work(`${root}/data`, () => prepareCluster(`${root}/data`, options));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const MAKES_ONE =
  'echo 18 > "$2/PG_VERSION"; echo "$*" > "$2/args"; echo sample > "$2/postgresql.conf"';

Deno.test("a data directory is created once, with UTF-8, the C locale and checksums", async () => {
  await withInitdb(MAKES_ONE, async (path, prepare) => {
    await prepare();
    const args = await Deno.readTextFile(`${path}/args`);
    match(args, /-E UTF8 --locale C --data-checksums/);
    match(
      await Deno.readTextFile(`${path}/postgresql.conf`),
      /^include '\.\.\/gallimimus\.conf'$/m,
    );
    await Deno.writeTextFile(`${path}/args`, "as it was");
    await prepare();
    equal(await Deno.readTextFile(`${path}/args`), "as it was");
  });
});

Deno.test("a failure leaves no data directory, and the next attempt removes its remains", async () => {
  const script =
    `[ -e "$0.once" ] || { : > "$0.once"; : > "$2/half"; echo "disk full" >&2; exit 1; }`;
  await withInitdb(`${script}\n${MAKES_ONE}`, async (path, prepare) => {
    await rejects(prepare(), /cannot make .*: disk full/);
    await rejects(Deno.stat(path), Deno.errors.NotFound);
    await prepare();
    const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
    deepEqual(names, ["PG_VERSION", "args", "postgresql.conf"]);
  });
});

Deno.test("another major version is refused", async () => {
  await withInitdb(MAKES_ONE, async (path, prepare) => {
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/PG_VERSION`, "17\n");
    await rejects(
      prepare(),
      /was made by Postgres 17, and this version of the relay has Postgres 18/,
    );
  });
});

Deno.test("an upgrade that was killed between its two steps is ended by whoever opens the data", async () => {
  await withInitdb(MAKES_ONE, async (path, prepare) => {
    const cluster = async (at: string, note: string) => {
      await Deno.mkdir(at);
      await Deno.writeTextFile(`${at}/PG_VERSION`, "18\n");
      await Deno.writeTextFile(`${at}/note`, note);
    };
    await cluster(path, "old");
    await cluster(upgradedPath(path), "new");
    await endReplacement(path);
    equal(await Deno.readTextFile(`${path}/note`), "old");
    // The first step.
    await Deno.rename(path, `${path}-17`);
    await endReplacement(path);
    await prepare();
    equal(await Deno.readTextFile(`${path}/note`), "new");
    await cluster(upgradedPath(path), "newest");
    await replaceCluster(path, `${path}-18`);
    await endReplacement(path);
    equal(await Deno.readTextFile(`${path}/note`), "newest");
    equal(await Deno.readTextFile(`${path}-18/note`), "new");
  });
});
