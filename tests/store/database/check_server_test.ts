import { equal, match, rejects } from "node:assert/strict";
import {
  changeFault,
  checkServer,
  type ServerFacts,
  serverFault,
} from "../../../src/store/database/check_server.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { openStoreOn } from "../../kit/database.ts";
import { type SharedServer, testOnEachServer } from "../../kit/each_server.ts";

const test = testOnEachServer({ own: true });

const fit: ServerFacts = {
  ...{ version: 150004, encoding: "UTF8", database: "events", user: "relay", schema: "public" },
  ...{ mayCreate: true, isStandby: false, hasSettings: true },
  ...{ hasEvents: true, hasMigrations: true, hasOtherMigrations: false, closed: "" },
  otherOwner: "",
};

Deno.test("each fault has its own sentence, which says what to do", () => {
  equal(serverFault(fit), undefined);
  equal(serverFault({ ...fit, hasEvents: false, hasMigrations: false }), undefined);
  const faults: readonly [Partial<ServerFacts>, RegExp][] = [
    [{ version: 130012 }, /Postgres 13, and the relay needs 14 or newer: upgrade/],
    [{ hasSettings: false }, /connection pooler .*: name Postgres itself/],
    [{ encoding: "SQL_ASCII" }, /encoding SQL_ASCII.*: make another with: create database/],
    [{ isStandby: true }, /is a standby.*: name its primary/],
    [{ schema: "" }, /no schema .*: create one, or allow it with: grant/],
    [{ hasMigrations: false }, /a table events that is not the relay's: name an empty database/],
    [{ hasMigrations: false, hasOtherMigrations: true }, /a table schema_migrations that is not/],
    [
      { mayCreate: false, hasEvents: false, hasMigrations: false },
      /may not create tables .*: allow it with: grant create .*, or make them with gallimimus migrate/,
    ],
    [
      { closed: "events, tags" },
      /may not read and write .* events, tags: allow it with: grant all/,
    ],
  ];
  for (const [facts, sentence] of faults) match(serverFault({ ...fit, ...facts })!, sentence);
});

Deno.test("the right to change the schema is asked for only where something is missing", () => {
  const poor = { ...fit, mayCreate: false, otherOwner: "owner" };
  equal(serverFault(poor), undefined);
  equal(changeFault(poor, []), undefined);
  equal(changeFault(fit, ["0009_rules"]), undefined);
  match(
    changeFault(poor, ["0008_a", "0009_b"])!,
    /schema public lacks 0008_a, 0009_b, .* user relay may not .*: run gallimimus migrate as the user owner$/,
  );
  match(changeFault({ ...fit, mayCreate: false }, ["0009_b"])!, /as a user who may create tables$/);
  match(changeFault({ ...fit, otherOwner: "owner" }, ["0009_b"])!, /as the user owner$/);
});

Deno.test("a connection refused because of its settings is explained", async () => {
  const refusing = (message: string) => ({
    transaction: () => Promise.reject(new Error(message)),
  });
  const pooler = refusing("unsupported startup parameter: statement_timeout");
  await rejects(checkServer(pooler), { name: "StoreUnavailable", message: /pooler/ });
  const old = refusing('unrecognized configuration parameter "plan_cache_mode"');
  await rejects(checkServer(old), { message: /older than Postgres 14/ });
  await rejects(checkServer(refusing("password wrong")), { message: "password wrong" });
});

/** Prepares a database as its owner, and checks it as `user`. */
async function check(url: string, script: string, user = "postgres"): Promise<void> {
  const owner = openPostgres(url, { writeConnections: 1 });
  const own = new URL(url);
  own.username = user;
  const database = openPostgres(own.href, { writeConnections: 1 });
  try {
    if (script !== "") await owner.script(script);
    await checkServer(database);
  } finally {
    await Promise.all([owner.close(), database.close()]);
  }
}

/** Makes a database of its own, and a user who owns nothing. */
async function made(server: SharedServer, how: string): Promise<string> {
  const name = `made_${crypto.randomUUID().replaceAll("-", "")}`;
  const operator = openPostgres(server.url, { writeConnections: 1 });
  try {
    await operator.script(`create database ${name} ${how} template template0`);
    await operator.script(
      "do $$ begin create role stranger login; exception when duplicate_object then end $$",
    );
  } finally {
    await operator.close();
  }
  return server.url.replace(/postgres$/, name);
}

test("a new database is accepted, and so is one that the relay has used", async (server) => {
  const url = await server.freshDatabase();
  await check(url, "");
  await (await openStoreOn(openPostgres(url))).close();
  await check(url, "");
});

test("a database that cannot keep every character is refused", async (server) => {
  const url = await made(server, "encoding 'LATIN1' locale 'C'");
  await rejects(check(url, ""), { name: "StoreUnavailable", message: /the encoding LATIN1/ });
});

test("a user without rights is refused, with those that are missing", async (server) => {
  const url = await made(server, "encoding 'UTF8'");
  const noCreate = "revoke create on schema public from public";
  await rejects(check(url, noCreate, "stranger"), { message: /user stranger may not create/ });
  const noUse = "revoke all on schema public from public";
  await rejects(check(url, noUse, "stranger"), { message: /no schema .* user stranger/ });
  await (await openStoreOn(openPostgres(url))).close();
  const noTables = "grant usage, create on schema public to stranger";
  await rejects(check(url, noTables, "stranger"), {
    message: /read and write the tables .*events/,
  });
  const noSequences = "grant all on all tables in schema public to stranger";
  await rejects(check(url, noSequences, "stranger"), {
    message: /sequences events_seq, instances/,
  });
  await check(url, "grant all on all sequences in schema public to stranger", "stranger");
});

test("tables of another program are left alone", async (server) => {
  const url = await server.freshDatabase();
  await rejects(check(url, "create table events (id int8)"), { message: /a table events that/ });
  const other = "drop table events; create table schema_migrations (version text)";
  await rejects(check(url, other), { message: /a table schema_migrations that is not/ });
});
