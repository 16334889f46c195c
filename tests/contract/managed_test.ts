import { openPostgres } from "../../src/store/database/postgres.ts";
import { openStoreOn } from "../kit/database.ts";
import { DatabasePool } from "../kit/database_pool.ts";
import { clearTables } from "../kit/postgres_server.ts";
import { Program } from "../kit/program.ts";
import { testConnection } from "./event_store_contract.ts";
import { FEWER } from "./random_part.ts";

let root: string;
let url: string;
/** In a process of its own: what the server says comes when it likes, in the midst of a test too. */
let program: Program;

Deno.test.beforeAll(async () => {
  root = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.chmod(root, 0o755);
  program = new Program("tests/kit/managed_program.ts", [`${root}/postgres`]);
  await program.said("ready");
  url = `postgres://gallimimus@localhost/postgres?host=${
    encodeURIComponent(`${root}/postgres/run`)
  }`;
});

Deno.test.afterAll(async () => {
  program.kill("SIGTERM");
  await program.end({ keepInput: true });
  await Deno.remove(root, { recursive: true });
});

const databases = new DatabasePool({
  make: async () => {
    const fresh = new URL(url);
    fresh.pathname = `/test_${crypto.randomUUID().replaceAll("-", "")}`;
    const database = openPostgres(url, { readConnections: 1, writeConnections: 1 });
    await database.script(`create database ${fresh.pathname.slice(1)} template template0`);
    await database.close();
    return fresh.href;
  },
  clear: clearTables,
});

// The whole suite runs on the same Postgres in `postgres_test.ts`, over TCP.
testConnection({
  name: "managed",
  place: async () => {
    const database = await databases.take();
    return {
      open: () => openStoreOn(openPostgres(database)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
  keeps: true,
  shares: true,
  part: FEWER,
});
