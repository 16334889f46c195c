import { deepEqual, equal } from "node:assert/strict";
import { silentLog } from "../../../src/base/log.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { trustOf } from "../../../src/app/access/trust.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { settle } from "../../kit/fake_relay.ts";
import { recordOf, someEvent } from "../../kit/records.ts";

const ROOT = "a".repeat(64);
const FRIEND = "b".repeat(64);
const settings = settingsWith(
  new Map<string, never>([["access.trust_roots", [ROOT] as never]]),
);

Deno.test("the web is read at the start and again at intervals", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore();
  const trust = trustOf(settings)!;
  equal(trust.isTrusted(ROOT), undefined);
  const started = trust.start({ store, clock, log: silentLog });
  await settle();
  clock.advance(0);
  await started;
  deepEqual([trust.isTrusted(ROOT), trust.isTrusted(FRIEND)], [true, false]);
  await store.put([recordOf(someEvent({ pubkey: ROOT, kind: 3, tags: [["p", FRIEND]] }))]);
  clock.advance(600_000);
  for (let turn = 0; turn < 5; turn++) {
    await settle();
    clock.advance(1);
  }
  equal(trust.isTrusted(FRIEND), true);
  trust.close();
  equal(clock.timerCount, 0);
});

Deno.test("a store that fails leaves the web as it was, and is asked again", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore();
  await store.close();
  const trust = trustOf(settings)!;
  await trust.start({ store, clock, log: silentLog });
  equal(trust.isTrusted(FRIEND), undefined);
  equal(clock.timerCount, 1);
  trust.close();
});

Deno.test("without roots there is no web", () => {
  equal(trustOf(settingsWith(new Map())), undefined);
});
