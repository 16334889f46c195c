import { equal } from "node:assert/strict";
import { Filling } from "../../../src/store/window/filling.ts";
import { LatelyDeleted } from "../../../src/store/window/lately_deleted.ts";
import { RecentEvents } from "../../../src/store/window/recent_events.ts";
import { recordOf, someEvent } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

/** How many events are told before there are too many, at most `most`. */
function toldUntilOvertaken(contentLength: number, most: number): number {
  const recent = new RecentEvents(1e9, new SeededRandom(1));
  const filling = new Filling({
    recent,
    deleted: new LatelyDeleted(),
    add: (record) => recent.add(record),
    takeLate: () => {},
  });
  const content = "x".repeat(contentLength);
  for (let count = 0; count < most; count++) {
    if (filling.isOvertaken) return count;
    filling.tell(recordOf(someEvent({ content })));
  }
  return most;
}

Deno.test("what is told while the window fills is kept up to ten thousand events and 16 MiB", () => {
  equal(toldUntilOvertaken(10, 20_000), 10_001);
  equal(toldUntilOvertaken(1_048_576, 20), 16);
});
