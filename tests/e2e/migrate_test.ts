/**
 * A relay whose user may not change the schema, and the user who does that for it.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { finalizeEvent, generateSecretKey } from "nostr-tools/pure";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { sharedServers } from "../kit/each_server.ts";
import { until } from "../kit/mirrored_relays.ts";
import { runOn } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";

/** As in docs/operations.md. */
const RIGHTS = `
revoke create on schema public from public;
grant usage on schema public to poor;
alter default privileges for role postgres in schema public
  grant select, insert, update, delete on tables to poor;
alter default privileges for role postgres in schema public grant usage, select on sequences to poor;`;

async function script(url: string, sql: string): Promise<void> {
  const database = openPostgres(url, { writeConnections: 1 });
  try {
    await database.script(sql);
  } finally {
    await database.close();
  }
}

async function hasSlices(url: string): Promise<boolean> {
  const database = openPostgres(url);
  try {
    const [events] = await database.query({
      text: `select coalesce(sum(events), 0)::int8 from slices
where slice_set in (select number from slice_sets where built_to is null)`,
      parameters: [],
      read: (cells) => cells.integer(0),
    });
    return events === 2;
  } finally {
    await database.close();
  }
}

/** One is enough: rights are the same in all versions. */
const [server] = sharedServers({ own: true });

Deno.test("a user who may not change the schema runs the relay that another one has migrated", async () => {
  const owner = await server!.freshDatabase();
  const relayUrl = new URL(owner);
  relayUrl.username = "poor";
  const poor = relayUrl.href;
  const makeRole =
    "do $$ begin create role poor login; exception when duplicate_object then end $$;";
  await script(owner, makeRole + RIGHTS);
  // Nobody has made the tables yet.
  const first = await runOn(poor, "serve", "--listen", "127.0.0.1:0");
  equal(first.code, 1);
  match(first.stderr, /^gallimimus: database: .*make them with gallimimus migrate.*\n$/m);

  const dry = await runOn(owner, "migrate", "--dry-run");
  equal(dry.code, 0);
  match(dry.stdout, /^would apply 0001_\w+\nwould apply 0002_/);
  deepEqual(await runOn(owner, "migrate"), {
    ...dry,
    stdout: dry.stdout.replaceAll("would apply", "applied"),
    stderr: "",
  });
  equal((await runOn(owner, "migrate", "--dry-run")).stdout, "the schema is up to date\n");
  deepEqual(
    JSON.parse((await runOn(poor, "migrate", "--json")).stdout),
    { migrations: [], indexes: [], isDry: false },
  );

  const directory = await Deno.makeTempDir();
  const note = (content: string) =>
    finalizeEvent({ kind: 1, created_at: 1_700_000_000, tags: [], content }, generateSecretKey());
  await Deno.writeTextFile(`${directory}/a.jsonl`, JSON.stringify(note("imported")));
  // Into an empty database, where an owner would drop the indexes for the time being.
  match((await runOn(poor, "import", `${directory}/a.jsonl`)).stdout, /^stored 1, /);
  await using relay = await startRelay({ database: poor, settings: ["sync.slices=[{}]"] });
  await using client = await RelayClient.connect(relay.url);
  equal((await client.publish(note("published")))?.accepted, true);
  equal((await client.query([{ tags: new Map() }])).length, 2);
  // The owner alone may switch triggers.
  ok(await until(() => hasSlices(owner)), "slices are kept");
  equal((await runOn(poor, "ban", "9".repeat(64), "--key")).code, 0);
  match((await runOn(poor, "delete", '{"kinds":[1]}', "--yes")).stdout, /^deleted 2 /);
  await client.close();
  equal(await relay.stop(), 0);

  // As an import of the owner leaves it when it is killed.
  await script(
    owner,
    `insert into deferred_indexes select indexname, indexdef from pg_indexes
    where indexname = 'events_by_time'; drop index events_by_time`,
  );
  const later = await runOn(poor, "serve", "--listen", "127.0.0.1:0");
  equal(later.code, 1);
  match(
    later.stderr,
    /^gallimimus: database: .* lacks events_by_time, .* run gallimimus migrate as the user postgres\n$/m,
  );
  equal((await runOn(owner, "migrate")).stdout, "built the index events_by_time\n");
  equal((await runOn(poor, "count", "{}")).stdout, "0\n");

  await script(owner, "update schema_migrations set name = '9999_next' where name like '0009%'");
  const newer = await runOn(poor, "migrate");
  equal(newer.code, 1);
  match(
    newer.stderr,
    /^gallimimus: database: .*"9999_next", which this version does not know.*\n$/,
  );
  ok(!newer.stderr.includes(" at "), newer.stderr);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("migrate says what is wrong with what is no database", async () => {
  const none = await runOn("memory:", "migrate");
  deepEqual([none.code, none.stdout], [2, ""]);
  const missing = await runOn("pglite:/nowhere/at/all", "migrate", "--dry-run");
  equal(missing.code, 1);
  match(missing.stderr, /^gallimimus: database: there is none at \/nowhere\/at\/all: /);
});
