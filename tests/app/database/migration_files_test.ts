import { deepEqual, match } from "node:assert/strict";
import { readMigrations } from "../../../src/app/database/migration_files.ts";

Deno.test("migrations come in order, numbered without a gap, each opening with its reason", async () => {
  const migrations = await readMigrations();
  const numbers = migrations.map(({ name }) => Number(name.slice(0, 4)));
  deepEqual(numbers, numbers.map((_, place) => place + 1));
  for (const { sql } of migrations) match(sql, /^-- \S/);
});
