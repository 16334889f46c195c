/**
 * The settings of a private Postgres server.
 *
 * @module
 */

/** What the settings depend on. */
export interface PostgresConfOptions {
  /** How many connections the relay may open. */
  readonly connections: number;
  /** `shared_buffers`, megabytes. Default 128. */
  readonly sharedBuffersMb?: number;
}

/** Connections for an operator and for the server's own processes. */
const SPARE_CONNECTIONS = 10;

/** Sized for a small machine that the server shares with the relay. */
const SETTINGS: Readonly<Record<string, string>> = {
  // Commits survive a power cut.
  fsync: "on",
  full_page_writes: "on",
  synchronous_commit: "on",
  // Only the relay connects, through the Unix socket.
  listen_addresses: "''",
  unix_socket_permissions: "0700",
  // Memory.
  huge_pages: "off",
  work_mem: "4MB",
  maintenance_work_mem: "64MB",
  autovacuum_work_mem: "32MB",
  temp_file_limit: "1GB",
  // Few processes: each costs memory, and no query of the relay runs in parallel.
  max_worker_processes: "2",
  max_parallel_workers: "0",
  max_parallel_maintenance_workers: "0",
  jit: "off",
  // There are no replicas, so the WAL need not contain what they would need.
  wal_level: "minimal",
  max_wal_senders: "0",
  max_logical_replication_workers: "0",
  min_wal_size: "80MB",
  checkpoint_timeout: "15min",
  checkpoint_completion_target: "0.9",
  // Most changes are inserts, and index-only scans need vacuumed pages.
  autovacuum: "on",
  autovacuum_max_workers: "1",
  autovacuum_naptime: "30s",
  autovacuum_vacuum_insert_scale_factor: "0.05",
  autovacuum_vacuum_scale_factor: "0.05",
  // The log goes to the relay's. Without statements, because they contain what users wrote.
  log_destination: "stderr",
  logging_collector: "off",
  log_line_prefix: "''",
  log_min_messages: "warning",
  log_min_error_statement: "panic",
  log_checkpoints: "off",
  log_timezone: "UTC",
  timezone: "UTC",
};

/** Settings that older servers do not know, and would not start with, by the first that does. */
const LATER_SETTINGS: readonly (readonly [number, Readonly<Record<string, string>>])[] = [
  // Another process would do it.
  [18, { io_method: "sync" }],
];

const WAL_PER_BUFFERS = 4;

const HEADER = "# Written by the relay at each start. What stands in data/postgresql.conf wins.\n";

/** The text of the settings file, for a server of this major version. Default: the newest. */
export function postgresConf(
  { connections, sharedBuffersMb = 128 }: PostgresConfOptions,
  major: number = Infinity,
): string {
  const settings = {
    max_connections: connections + SPARE_CONNECTIONS,
    shared_buffers: `${sharedBuffersMb}MB`,
    // Few checkpoints, because each page is logged whole when it is first written after one.
    max_wal_size: `${WAL_PER_BUFFERS * sharedBuffersMb}MB`,
    ...SETTINGS,
    ...Object.assign({}, ...LATER_SETTINGS.map(([since, later]) => major >= since ? later : {})),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  return `${HEADER}${lines.join("")}`;
}
