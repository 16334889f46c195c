import { match, ok } from "node:assert/strict";
import { postgresConf } from "../../src/postgres_server/postgres_conf.ts";

Deno.test("there are more connections than the relay's, for whoever looks at the server", () => {
  match(postgresConf({ connections: 500 }), /^max_connections = 510$/m);
});

Deno.test("the server holds what it is given, and logs four times that between checkpoints", () => {
  const small = postgresConf({ connections: 10, sharedBuffersMb: 16 });
  match(small, /^shared_buffers = 16MB$/m);
  match(small, /^max_wal_size = 64MB$/m);
  const usual = postgresConf({ connections: 10 });
  match(usual, /^shared_buffers = 128MB$/m);
  match(usual, /^max_wal_size = 512MB$/m);
});

Deno.test("commits wait for the disk, and nothing but a socket is open", () => {
  const conf = postgresConf({ connections: 10 });
  for (const line of ["fsync = on", "synchronous_commit = on", "listen_addresses = ''"]) {
    ok(conf.split("\n").includes(line), line);
  }
});
