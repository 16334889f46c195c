/**
 * `[database]`: where events are stored.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[database]`. */
export const databaseSection = {
  title: "Where events are kept.",
  settings: {
    url: {
      type: "text",
      default: "",
      format: {
        pattern: /^$|^memory:$|^(?:pglite|managed):.+$|^postgres(?:ql)?:\/\/.*$/,
        words: "memory:, pglite:DIR, managed:DIR, postgres://…, or nothing",
      },
      description:
        "The database. memory: forgets at exit, pglite:DIR is a Postgres inside this process, managed:DIR one that the relay starts and stops, postgres://… a server of yours. Nothing means the embedded one, in database.data.",
      secret: "password",
    },
    direct_url: {
      type: "text",
      default: "",
      format: { pattern: /^$|^postgres(?:ql)?:\/\/.*$/, words: "postgres://…, or nothing" },
      description:
        "The Postgres server itself, if database.url is a connection pooler that lends connections for one transaction at a time, as PgBouncer in transaction mode. One connection of the relay listens there for what other instances store.",
      secret: "password",
    },
    read_url: {
      type: "text",
      default: "",
      format: { pattern: /^$|^postgres(?:ql)?:\/\/.*$/, words: "postgres://…, or nothing" },
      description:
        "A streaming replica of a postgres:// database, one server, for long queries, and for all while the primary is away. What was stored before a query is found there too.",
      secret: "password",
    },
    max_replica_lag_ms: {
      type: "integer",
      default: 1_000,
      unit: "milliseconds",
      min: 0,
      max: 60_000,
      description:
        "How long a query waits until the replica at database.read_url has what was stored before it. After that the primary answers, and the replica is not asked until it has caught up.",
      whenRaised: "A query waits longer for a replica that falls behind.",
    },
    data: {
      type: "text",
      default: "./data",
      format: { pattern: /^.+$/, words: "a directory" },
      description: "The directory for what the relay writes itself. It is made when missing.",
    },
    control_socket: {
      type: "boolean",
      default: true,
      description:
        "Whether the relay answers commands while it runs, at a Unix socket to which only its user and root may connect: DIR.sock beside the directory of an embedded database, which is lent to them, and relay.sock in database.data with any other, for top alone.",
    },
    pool_size: {
      type: "integer",
      default: 10,
      unit: "connections",
      min: 2,
      max: 500,
      description: "The most connections to a Postgres server. An embedded database takes one.",
      whenRaised:
        "More queries run at once, and each takes processor time and memory at the database.",
    },
    shared_buffers_mb: {
      type: "integer",
      default: 128,
      unit: "megabytes",
      min: 16,
      max: 65_536,
      description:
        "The buffer cache of an embedded database (shared_buffers); pglite: takes 1,024 at most. A large database is written to several times as fast when the pages that change fit.",
      whenRaised: "The relay takes that much more memory as the database grows.",
    },
    min_free_mib: {
      type: "integer",
      default: 256,
      unit: "MiB",
      min: 0,
      max: 1_073_741_824,
      description:
        "With less free space than this on the disk of an embedded database, events are refused before the database breaks. The log warns at four times as much; 0 turns both off.",
      whenRaised: "Less of the disk can be filled by those who publish.",
    },
    start_wait_s: {
      type: "integer",
      default: 60,
      unit: "seconds",
      min: 0,
      max: 86_400,
      description:
        "How long serve waits at its start for a postgres:// server that does not answer yet. Wrong passwords and the like end it at once.",
      whenRaised: "Nothing: a relay whose database stays away ends later.",
    },
    write_timeout_ms: {
      type: "integer",
      default: 15_000,
      unit: "milliseconds",
      min: 100,
      max: 600_000,
      description:
        "How long storing a batch of events may take before their publishers are told that it failed. A connection to a server that is silent for a third of it is replaced, unless the server is at work.",
      whenRaised: "Publishers wait longer when the database hangs.",
    },
  },
} as const satisfies SettingSection;
