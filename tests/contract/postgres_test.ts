import { openPostgres } from "../../src/store/postgres.ts";
import { openStoreOn } from "../kit/database.ts";
import { freshDatabase, PostgresServer } from "../kit/postgres_server.ts";
import { testEventStore } from "./event_store_contract.ts";
import { SEARCHABLE_KINDS, testSearchAndCount, testWordIndex } from "./search_contract.ts";
import { testTidying } from "./tidying_contract.ts";

/** A server to use instead of one of our own. */
const given = Deno.env.get("TEST_DATABASE_URL");
let server: PostgresServer | undefined;

Deno.test.beforeAll(async () => {
  if (given === undefined) server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server?.stop();
});

testEventStore({
  name: "postgres",
  place: async () => {
    const url = await freshDatabase(given ?? server!.url);
    return {
      open: () => openStoreOn(openPostgres(url)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
  keeps: true,
  shares: true,
});

testSearchAndCount("postgres", async () => {
  const url = await freshDatabase(given ?? server!.url);
  return await openStoreOn(openPostgres(url), { searchableKinds: SEARCHABLE_KINDS });
});

testWordIndex("postgres", async () => {
  const url = await freshDatabase(given ?? server!.url);
  return (searchableKinds) => openStoreOn(openPostgres(url), { searchableKinds });
});

testTidying("postgres", async (clock) => {
  const url = await freshDatabase(given ?? server!.url);
  return await openStoreOn(openPostgres(url), { clock });
});
