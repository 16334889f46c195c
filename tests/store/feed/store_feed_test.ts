import { ok } from "node:assert/strict";
import type { Database, ListeningDatabase } from "../../../src/store/database/database.ts";
import { LocalFeed } from "../../../src/store/feed/local_feed.ts";
import { SharedFeed } from "../../../src/store/feed/shared_feed.ts";
import { feedOf } from "../../../src/store/feed/store_feed.ts";

const away = () => Promise.reject(new Error("away"));
const alone: Database = { query: away, script: away, transaction: away, close: away };

Deno.test("a database that others may write to has a feed that hears them", () => {
  const shared: ListeningDatabase = { ...alone, listen: away };
  ok(feedOf(shared) instanceof SharedFeed);
  ok(feedOf(alone) instanceof LocalFeed);
});
