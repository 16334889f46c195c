import { openPostgres } from "../../src/store/database/postgres.ts";
import { openStoreOn } from "../kit/database.ts";
import { sharedServers } from "../kit/each_server.ts";
import { packagedPostgres } from "../kit/postgres_binaries.ts";
import { testBackup, testStoreState } from "./backup_contract.ts";
import { testEventStore } from "./event_store_contract.ts";
import { FEWER } from "./random_part.ts";
import { SEARCHABLE_KINDS, testSearchAndCount, testWordIndex } from "./search_contract.ts";
import { testSlices } from "./slices_contract.ts";
import { testTidying } from "./tidying_contract.ts";

for (const server of sharedServers({ keepsSchema: true })) {
  const part = server.version === packagedPostgres ? 1 : FEWER;
  testEventStore({
    name: server.name,
    place: async () => {
      const url = await server.freshDatabase();
      return {
        open: () => openStoreOn(openPostgres(url)),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
    keeps: true,
    shares: true,
    part,
  });

  testSearchAndCount(server.name, async () => {
    const url = await server.freshDatabase();
    return await openStoreOn(openPostgres(url), { searchableKinds: SEARCHABLE_KINDS });
  }, part);

  testWordIndex(server.name, async () => {
    const url = await server.freshDatabase();
    return (searchableKinds) => openStoreOn(openPostgres(url), { searchableKinds });
  });

  testTidying(server.name, async (clock) => {
    const url = await server.freshDatabase();
    return await openStoreOn(openPostgres(url), { clock });
  });

  const open = async () => await openStoreOn(openPostgres(await server.freshDatabase()));
  testStoreState(server.name, open);
  testBackup(server.name, open);

  testSlices(server.name, async () => {
    const url = await server.freshDatabase();
    return (options) => openStoreOn(openPostgres(url), options);
  }, 2);
}
