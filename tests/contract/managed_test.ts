import { openPostgres } from "../../src/store/postgres.ts";
import { openStoreOn } from "../kit/database.ts";
import { Program } from "../kit/program.ts";
import { testEventStore } from "./event_store_contract.ts";

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

testEventStore({
  name: "managed",
  place: async () => {
    const fresh = new URL(url);
    fresh.pathname = `/test_${crypto.randomUUID().replaceAll("-", "")}`;
    const database = openPostgres(url, { readConnections: 1, writeConnections: 1 });
    await database.script(`create database ${fresh.pathname.slice(1)} template template0`);
    await database.close();
    return {
      open: () => openStoreOn(openPostgres(fresh.href)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
  keeps: true,
  shares: true,
});
