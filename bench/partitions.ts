/**
 * What the tables and indexes of a large relay take, how deep the indexes are, what that becomes at ten
 * and a hundred times the size, and what partitions by time change for the questions of a relay. Needs an
 * installed Postgres server with its contrib modules (`pageinspect`).
 *
 * deno run -A --config tests/deno.json bench/partitions.ts [events] [partitions]
 *
 * @module
 */

import postgres from "postgres";
import { openPostgres } from "../src/store/database/postgres.ts";
import { Crowd } from "../tests/kit/crowd.ts";
import { openStoreOn } from "../tests/kit/database.ts";
import { packagedPostgres, systemPostgres } from "../tests/kit/postgres_binaries.ts";
import { PostgresServer } from "../tests/kit/postgres_server.ts";
import { recordOf } from "../tests/kit/records.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";

const events = Number(Deno.args[0] ?? 1_000_000);
const partitions = Number(Deno.args[1] ?? 24);

/** So many are made and stored; the rest are copies with other ids and times, made by the server. */
const MADE = 20_000;
const BATCH = 500;
const LIMIT = 50;
const START = 1_600_000_000;
const EVENTS_PER_SECOND = 0.02;
const FEED_AUTHORS = 500;

/** Of an index that is too small to tell. */
const FAN_OUT = 200;

/** The way from what was found to its JSON. */
const BY_HEAD = "events.head = found.head";

type Sql = ReturnType<typeof postgres>;

/** As the relay sets its connections (`postgres_driver.ts`). */
const connection = {
  ...{ plan_cache_mode: "force_generic_plan", enable_seqscan: "off", enable_hashjoin: "off" },
  ...{ enable_mergejoin: "off", enable_memoize: "off", enable_material: "off", jit: "off" },
  max_parallel_workers_per_gather: "0",
};

const version = "fault" in systemPostgres ? packagedPostgres : systemPostgres;
await using server = await PostgresServer.start({
  version,
  settings: ["shared_buffers=1GB", "max_wal_size=8GB", "maintenance_work_mem=512MB"],
});
const url = await server.freshDatabase();
await storeMade(url);
const maker = postgres(url, { max: 1, onnotice: () => {} });
await multiply(maker);
await partition(maker);
await maker.end();
const sql = postgres(url, { max: 1, onnotice: () => {}, connection });
try {
  console.log(
    `${version.name}, ${await numberOf(sql, "public.events")} events, ${partitions} partitions`,
  );
  await reportSizes(sql);
  await reportQuestions(sql);
} finally {
  await sql.end();
}

async function storeMade(url: string): Promise<void> {
  const store = await openStoreOn(openPostgres(url));
  const crowd = new Crowd(new SeededRandom(1), {
    ...{ authors: 20_000, startTime: START, eventsPerSecond: EVENTS_PER_SECOND },
  });
  for (let stored = 0; stored < MADE; stored += BATCH) {
    await store.put(Array.from({ length: BATCH }, () => {
      return recordOf(crowd.next());
    }));
  }
  await store.close();
}

/** Copies what is stored until there is enough, and builds the indexes of all of it. */
async function multiply(sql: Sql): Promise<void> {
  const span = MADE / EVENTS_PER_SECOND;
  const indexes = await sql<{ name: string; definition: string }[]>`
    select indexname as name, indexdef as definition from pg_indexes
    where tablename in ('events', 'tags') and indexname not like '%_pkey'`;
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
  await sql.unsafe(`create table made as select * from events;
    create table made_tags as select * from tags;
    alter table events disable trigger user`);
  for (let copy = 1; copy < events / MADE; copy++) {
    const key = `key + ${copy * MADE * 10}::int8`;
    const head = `encode(substring(sha256(id || '\\x${copy.toString(16).padStart(8, "0")}'::bytea)
      for 16), 'hex')::uuid`;
    const time = `created_at + ${copy * span}::int8`;
    // An address has one event, so a copy gets another one.
    await sql.unsafe(`insert into events (key, id, pubkey, kind, created_at, slot, expires_at, raw)
      overriding system value
      select ${key}, sha256(id || '\\x${copy.toString(16).padStart(8, "0")}'::bytea), pubkey, kind,
        ${time}, case when slot is not null then gen_random_uuid() end, expires_at, raw
      from made order by key`);
    await sql.unsafe(`insert into tags (event, created_at, tag, head, author, kind, pubkey)
      select event + ${copy * MADE * 10}::int8, made.created_at + ${
      copy * span
    }::int8, tag, ${head},
        made.author, made.kind, made.pubkey
      from made_tags join made on made.key = made_tags.event order by event, tag`);
  }
  for (const { definition } of indexes) await sql.unsafe(definition);
  for (const table of ["events", "tags"]) await sql.unsafe(`vacuum analyze ${table}`);
}

/** The same rows in partitions by time, in a schema of their own. */
async function partition(sql: Sql): Promise<void> {
  const last = await numberOf(sql, "events", "max(created_at)") + 1;
  const from = (at: number) => START + Math.floor((last - START) * at / partitions);
  await sql.unsafe("create schema parts");
  for (const table of ["events", "tags"]) {
    await sql.unsafe(`create table parts.${table} (like public.${table} including generated)
      partition by range (created_at)`);
    for (let at = 0; at < partitions; at++) {
      const low = at === 0 ? "minvalue" : from(at);
      const high = at === partitions - 1 ? "maxvalue" : from(at + 1);
      await sql.unsafe(`create table parts.${table}_${at} partition of parts.${table}
        for values from (${low}) to (${high})`);
    }
    const columns = (await sql`select column_name from information_schema.columns
      where table_schema = 'public' and table_name = ${table} and is_generated = 'NEVER'`)
      .map(({ column_name }) => column_name).join(", ");
    await sql.unsafe(`insert into parts.${table} (${columns}) select ${columns} from ${table}`);
    const indexes = await sql<
      { definition: string }[]
    >`select indexdef as definition from pg_indexes
      where schemaname = 'public' and tablename = ${table}`;
    for (const { definition } of indexes) {
      // Unique it can be in each partition only, unless it has the time.
      await sql.unsafe(
        definition.replace("UNIQUE ", "").replace(/INDEX \S+ ON public\./, "INDEX ON parts."),
      );
    }
    await sql.unsafe(`vacuum analyze parts.${table}`);
  }
}

async function numberOf(sql: Sql, table: string, what = "count(*)"): Promise<number> {
  const [row] = await sql.unsafe(`select (${what})::float8 as number from ${table}`);
  return row!.number;
}

/** Pages at each level of an index, leaves first, and how many entries an inner page has. */
interface Levels {
  readonly pages: readonly number[];
  readonly fanOut: number;
}

async function levelsOf(sql: Sql, index: string): Promise<Levels> {
  const rows = await sql.unsafe(`select btpo_level as level, count(*)::int as pages,
      avg(live_items)::float8 as items
    from generate_series(1, pg_relation_size('${index}') / 8192 - 1) as block,
      bt_page_stats('${index}', block::int) group by btpo_level order by btpo_level`);
  const inner = rows.find(({ level, pages }) => level === 1 && pages > 2);
  return { pages: rows.map(({ pages }) => pages), fanOut: inner?.items ?? FAN_OUT };
}

/** How many pages are read from the root to a leaf when there are so many leaves. */
function heightOf(leaves: number, fanOut: number): number {
  return leaves <= 1 ? 1 : 1 + heightOf(Math.ceil(leaves / fanOut), fanOut);
}

async function reportSizes(sql: Sql): Promise<void> {
  await sql.unsafe("create extension if not exists pageinspect");
  const relations = await sql<{ name: string; kind: string; pages: number }[]>`
    select relname as name, relkind as kind, (pg_relation_size(oid) / 8192)::int as pages
    from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')
      and (relname ~ '^(events|tags)')
    order by relkind desc, relname`;
  const stored = await numberOf(sql, "events");
  const rows = await numberOf(sql, "tags");
  console.log(`${(rows / stored).toFixed(2)} tags an event`);
  console.log("| | pages | MB | levels | ×10: MB, levels | ×100: MB, levels |");
  for (const { name, kind, pages } of relations) {
    const mb = (factor: number) => Math.round(pages * factor * 8192 / 1e6);
    const levels = kind === "i" ? await levelsOf(sql, name) : undefined;
    const height = (factor: number) =>
      levels === undefined ? "" : `, ${heightOf((levels.pages[0] ?? 0) * factor, levels.fanOut)}`;
    console.log(
      `| ${name} | ${pages} | ${mb(1)} | ${levels?.pages.join(" + ") ?? ""} | ${mb(10)}${
        height(10)
      } | ${mb(100)}${height(100)} |`,
    );
  }
}

/** A question in the form in which the relay asks it. */
interface Question {
  readonly name: string;
  readonly text: string;
}

async function reportQuestions(sql: Sql): Promise<void> {
  console.log("| question | pages | ms | planning ms | parts: pages | ms | planning ms |");
  for (const { name, text } of await questions(sql)) {
    const whole = await explained(sql, "public", text);
    // The way to the JSON has the time, too, and so leads to one partition.
    const timed = text.replace(BY_HEAD, `${BY_HEAD} and events.created_at = found.created_at`);
    const parts = await explained(sql, "parts", timed);
    console.log(`| ${name} | ${whole} | ${parts} |`);
  }
}

async function questions(sql: Sql): Promise<readonly Question[]> {
  const list = async (text: string) =>
    `'{${(await sql.unsafe(text)).map(({ value }) => value).join(",")}}'`;
  const busy = await list(`select author as value from made group by author
    order by count(*) desc limit ${FEED_AUTHORS}`);
  const quiet = await list(`select author as value from made group by author
    order by count(*), author limit ${FEED_AUTHORS}`);
  const heads = await list(`select head as value from events tablesample system (1) limit 50`);
  const tag = await list(`select tag as value from made_tags where kind <> 3 group by tag
    order by count(*) desc limit 1`);
  const walk = (table: string, where: string) =>
    `select found.created_at, events.id, events.raw from (
      select hit.created_at, hit.head from ${table} as hit where ${where}
      order by hit.created_at desc, hit.head limit ${LIMIT}) as found
    join events on ${BY_HEAD}`;
  const feed = (authors: string) =>
    `select found.created_at, events.id, events.raw from (
      select hit.created_at, hit.head from unnest(${authors}::uuid[]) as lane (author)
      cross join lateral (select created_at, head from events as hit
        where hit.author = lane.author and hit.kind = 1 and hit.created_at >= 0
        order by hit.created_at desc, hit.head limit 2) as hit
      order by hit.created_at desc, hit.head limit ${LIMIT}) as found
    join events on ${BY_HEAD}`;
  const one = (values: string) => `(${values}::uuid[])[1]`;
  const known = `hit.created_at >= 0 and hit.author = ${one(busy)} and hit.kind = `;
  return [
    { name: "50 ids", text: `select id, raw from events where head = any(${heads}::uuid[])` },
    {
      name: "newest",
      text: `select id, raw from events order by created_at desc, head limit ${LIMIT}`,
    },
    { name: "kind 1", text: walk("events", "hit.kind = 1") },
    { name: "busy author, kind 1", text: walk("events", `${known} 1`) },
    {
      name: "quiet author, kind 1",
      text: walk("events", known.replace(one(busy), one(quiet)) + "1"),
    },
    { name: "feed of 500 busy authors", text: feed(busy) },
    { name: "feed of 500 quiet authors", text: feed(quiet) },
    {
      name: "tag, popular",
      text: walk("tags", `hit.tag = ${one(tag)} and hit.kind <> 3 and hit.created_at >= 0`),
    },
  ];
}

/** Pages read and milliseconds, the second time. */
async function explained(sql: Sql, schema: string, text: string): Promise<string> {
  await sql.unsafe(`set search_path = ${schema}, public`);
  let plan;
  for (let run = 0; run < 3; run++) {
    const [row] = await sql.unsafe(`explain (analyze, buffers, format json) ${text}`);
    plan = row!["QUERY PLAN"][0];
  }
  const { "Shared Hit Blocks": hits, "Shared Read Blocks": reads } = plan.Plan;
  return `${hits + reads} | ${plan["Execution Time"].toFixed(2)} | ${
    plan["Planning Time"].toFixed(2)
  }`;
}
