/**
 * Checks at the start whether a server's database can be used.
 *
 * @module
 */

import { connectFault } from "./connect_fault.ts";
import type { Database, ListeningDatabase, Statement } from "./database.ts";
import { StoreUnavailable } from "../event_store.ts";

/** What is queried from a database before it is used. */
export interface ServerFacts {
  /** `server_version_num`: 150004 is 15.4. */
  readonly version: number;
  readonly encoding: string;
  readonly database: string;
  readonly user: string;
  /**
   * `current_schema()`, where tables are created; empty when it does not exist or the user has no
   * access to it.
   */
  readonly schema: string;
  readonly mayCreate: boolean;
  /**
   * Who owns the table `events`, if it exists and the user does not have the owner's rights; else
   * empty.
   */
  readonly otherOwner: string;
  readonly isStandby: boolean;
  /** Whether the settings that the connection requested are in effect. */
  readonly hasSettings: boolean;
  /** Whether there is a table `events`, and whether our table of migrations is in the same schema. */
  readonly hasEvents: boolean;
  readonly hasMigrations: boolean;
  /** Whether another table has the name of our table of migrations. */
  readonly hasOtherMigrations: boolean;
  /** Tables and sequences that the user may not use. */
  readonly closed: string;
}

const OLDEST_VERSION = 14;

const POOLER = "a connection pooler stands before Postgres and does not pass on what the relay's " +
  "connections ask for (settings, LISTEN, prepared statements): name Postgres itself in database.url, " +
  "or keep the pooler there and name Postgres itself in database.direct_url";

const NOT_DIRECT =
  "what is written through database.url is not heard at database.direct_url: name " +
  "there the same database, at the Postgres server itself and not at a pooler";

/**
 * Why the relay cannot use such a database and what to do about it, as one sentence without a full
 * stop. Undefined when it can.
 */
export function serverFault(facts: ServerFacts): string | undefined {
  const { version, encoding, database, user, schema, closed } = facts;
  const major = Math.floor(version / 10_000);
  if (major < OLDEST_VERSION) {
    return `the server is Postgres ${major}, and the relay needs ${OLDEST_VERSION} or newer: upgrade it`;
  }
  if (!facts.hasSettings) return POOLER;
  if (encoding !== "UTF8") {
    return `the database ${database} has the encoding ${encoding}, which cannot keep every event: make ` +
      `another with: create database NAME encoding 'UTF8' locale 'C' template template0`;
  }
  if (facts.isStandby) {
    return "the server is a standby, which cannot be written to: name its primary in database.url, and " +
      "the standby in database.read_url";
  }
  if (schema === "") {
    return `there is no schema for the tables of the user ${user}: create one, or allow it with: ` +
      `grant usage, create on schema public to "${user}"`;
  }
  if (facts.hasOtherMigrations || (facts.hasEvents && !facts.hasMigrations)) {
    const table = facts.hasOtherMigrations ? "schema_migrations" : "events";
    return `the schema ${schema} of the database ${database} has a table ${table} that is not the ` +
      "relay's: name an empty database in database.url";
  }
  if (!facts.mayCreate && !facts.hasMigrations) {
    return `the user ${user} may not create tables in the schema ${schema}: allow it with: ` +
      `grant create on schema "${schema}" to "${user}", or make them with gallimimus migrate as a user who may`;
  }
  if (closed !== "") {
    return `the user ${user} may not read and write the tables and sequences ${closed}: allow it with: ` +
      `grant all on all tables in schema "${schema}" to "${user}"; ` +
      `grant all on all sequences in schema "${schema}" to "${user}"`;
  }
  return undefined;
}

/**
 * Why the user cannot add what the schema lacks, as {@link serverFault} says it. Undefined when nothing
 * is `missing`, or when the user can.
 */
export function changeFault(facts: ServerFacts, missing: readonly string[]): string | undefined {
  const { user, schema, mayCreate, otherOwner } = facts;
  if (missing.length === 0 || (mayCreate && otherOwner === "")) return undefined;
  const who = otherOwner === "" ? "a user who may create tables" : `the user ${otherOwner}`;
  return `the schema ${schema} lacks ${missing.join(", ")}, which the user ${user} may not add: ` +
    `run gallimimus migrate as ${who}`;
}

/**
 * Checks a database before its schema is read, and returns what was found. Rejects with
 * {@link StoreUnavailable} and the message of {@link serverFault}.
 */
export async function checkServer(
  database: Pick<Database, "transaction">,
): Promise<ServerFacts> {
  const [facts] = await database.transaction((session) => session.query(selectFacts))
    .catch((error: Error) => {
      throw explained(error);
    });
  const fault = serverFault(facts!);
  if (fault !== undefined) throw new StoreUnavailable(fault);
  return facts!;
}

/**
 * Checks that the connection which listens hears of what is written through a pooler. Rejects with
 * {@link StoreUnavailable} and one sentence.
 */
export async function checkDirect(
  database: Pick<ListeningDatabase, "listen" | "transaction">,
): Promise<void> {
  const heard = new Set<string>();
  const onPayload = (payload: string) => void heard.add(payload);
  const listening = await database.listen(CHECK_CHANNEL, { onPayload, onLost: () => {} })
    .catch((error: Error) => {
      const { message } = explained(error);
      throw new StoreUnavailable(`database.direct_url: ${message}`, { cause: error });
    });
  try {
    const [word] = await database.transaction((session) => session.query(notifyCheck));
    // What was committed before is delivered before the answer.
    await listening.query(notifyCheck);
    if (!heard.has(word!)) throw new StoreUnavailable(NOT_DIRECT);
  } finally {
    await listening.close();
  }
}

const CHECK_CHANNEL = "gallimimus_check";

/** Notifies of a word that nobody else uses, and returns it. */
const notifyCheck: Statement<string> = {
  text: `with word as materialized (
  select clock_timestamp()::text || ' ' || pg_backend_pid() as word
)
select word, pg_notify('${CHECK_CHANNEL}', word)::text from word`,
  parameters: [],
  read: (cells) => cells.text(0),
};

/** The cause of a refused connection. */
function explained(error: Error): StoreUnavailable {
  if (/unsupported startup parameter/.test(error.message)) {
    return new StoreUnavailable(POOLER, { cause: error });
  }
  if (
    /unrecognized configuration parameter "(?:plan_cache_mode|tcp_user_timeout)"/
      .test(error.message)
  ) {
    const old = `the server is older than Postgres ${OLDEST_VERSION}: upgrade it`;
    return new StoreUnavailable(old, { cause: error });
  }
  return connectFault(error);
}

const TABLES = `(select oid, relname, relkind, relowner from pg_class
  where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'f', 'S'))`;

/** Includes views: a view with the name of one of our tables is in the way too. */
const selectFacts: Statement<ServerFacts> = {
  text: `select current_setting('server_version_num'), pg_encoding_to_char(encoding), datname,
  current_user, coalesce(current_schema(), ''),
  coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), pg_is_in_recovery(),
  current_setting('plan_cache_mode') = 'force_generic_plan' and current_setting('jit') = 'off'
    and current_setting('statement_timeout') <> '0'
    and current_setting('statement_timeout') = current_setting('idle_in_transaction_session_timeout'),
  exists (select from ${TABLES} as t where relname = 'events'),
  ours.checksums, ours.tables > ours.checksums,
  case when ours.checksums = 0 then '' else (
    select coalesce(string_agg(relname, ', ' order by relname), '') from ${TABLES} as t
    where case
      when relname in ('events_seq', 'instances') then not (
        has_sequence_privilege(t.oid, 'USAGE') and has_sequence_privilege(t.oid, 'SELECT'))
      when relname = 'schema_migrations' then not has_table_privilege(t.oid, 'SELECT')
      when relname in ('events', 'tags', 'event_words', 'deleted_ids', 'deleted_addresses',
        'vanished', 'deferred_indexes', 'rules', 'rule_log', 'slice_sets', 'slices',
        'slice_changes')
      then not (has_table_privilege(t.oid, 'SELECT') and has_table_privilege(t.oid, 'INSERT')
        and has_table_privilege(t.oid, 'UPDATE') and has_table_privilege(t.oid, 'DELETE'))
      else false end) end,
  coalesce((select pg_get_userbyid(relowner) from ${TABLES} as t
    where relname = 'events' and not pg_has_role(relowner, 'USAGE')), '')
from pg_database, (select count(*) as tables, count(attname) as checksums from ${TABLES} as t
  left join pg_attribute on attrelid = t.oid and attname = 'checksum'
  where relname = 'schema_migrations') as ours
where datname = current_database()`,
  parameters: [],
  read: (cells) => ({
    version: cells.integer(0),
    encoding: cells.text(1),
    database: cells.text(2),
    user: cells.text(3),
    schema: cells.text(4),
    mayCreate: cells.text(5) === "t",
    isStandby: cells.text(6) === "t",
    hasSettings: cells.text(7) === "t",
    hasEvents: cells.text(8) === "t",
    hasMigrations: cells.integer(9) > 0,
    hasOtherMigrations: cells.text(10) === "t",
    closed: cells.text(11),
    otherOwner: cells.text(12),
  }),
};
