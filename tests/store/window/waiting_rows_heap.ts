/**
 * Answers of ten thousand events whose reader takes none of them: run by waiting_rows_test.ts in a process of
 * its own, because only there the collector can be called. Prints how many bytes an event takes.
 */

import type { StoredEvent } from "../../../src/store/event_store.ts";
import { WaitingRows } from "../../../src/store/window/waiting_rows.ts";
import { usedBytes } from "../../kit/used_bytes.ts";

const ANSWERS = 20;
const EVENTS = 10_000;

const bodies = new Uint8Array(EVENTS);

/** As `EventTable.rowsOf` makes them. */
function rows(): StoredEvent[] {
  const ids = "ab".repeat(32 * EVENTS);
  return Array.from({ length: EVENTS }, (_, at) => ({
    seq: at,
    id: ids.slice(64 * at, 64 * (at + 1)),
    createdAt: 1_800_000_000,
    json: new Uint8Array(bodies.buffer, at, 1),
  }));
}

const before = await usedBytes();
const waiting = Array.from({ length: ANSWERS }, () => new WaitingRows(rows()));
console.log(Math.round((await usedBytes() - before) / (ANSWERS * EVENTS)));
// They are held until here.
if (waiting.some(({ isEmpty }) => isEmpty)) throw new Error("an answer is empty");
