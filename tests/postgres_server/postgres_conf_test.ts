import { match, ok } from "node:assert/strict";
import { postgresConf } from "../../src/postgres_server/postgres_conf.ts";

Deno.test("there are more connections than the relay's, for operators", () => {
  match(postgresConf({ connections: 500 }), /^max_connections = 510$/m);
});

Deno.test("shared_buffers is as configured, and max_wal_size is four times that", () => {
  const small = postgresConf({ connections: 10, sharedBuffersMb: 16 });
  match(small, /^shared_buffers = 16MB$/m);
  match(small, /^max_wal_size = 64MB$/m);
  const usual = postgresConf({ connections: 10 });
  match(usual, /^shared_buffers = 128MB$/m);
  match(usual, /^max_wal_size = 512MB$/m);
});

Deno.test("commits are flushed to disk, and only a Unix socket is open", () => {
  const conf = postgresConf({ connections: 10 });
  for (const line of ["fsync = on", "synchronous_commit = on", "listen_addresses = ''"]) {
    ok(conf.split("\n").includes(line), line);
  }
});

Deno.test("an older server gets no setting that it would not start with", () => {
  const hasIoMethod = (conf: string) => /^io_method = /m.test(conf);
  ok(hasIoMethod(postgresConf({ connections: 10 }, 18)));
  ok(!hasIoMethod(postgresConf({ connections: 10 }, 17)));
});
