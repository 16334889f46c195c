/**
 * Subscriptions as large as they can be, then the memory: run by filter_value_test.ts in a process
 * of its own, because only there the collector can be called. Prints the bytes that one value takes, as
 * many as the limits count it for.
 */

import { parseRequest } from "../../src/nostr/client_message.ts";
import { Broadcast } from "../../src/relay/live/broadcast.ts";
import { filterValueCount } from "../../src/relay/filter_values.ts";
import { storedFilters } from "../../src/relay/live/stored_filters.ts";
import { Subscription } from "../../src/relay/live/subscription.ts";
import { testLimits } from "../kit/limits.ts";
import { usedBytes } from "../kit/used_bytes.ts";

const SUBSCRIPTIONS = 50;
const [field = "authors"] = Deno.args;

/** How long a value of `#r` is. */
const LONG = 400_000;

const VALUES = field === "#r" ? 1 : 5_000;

const limits = { ...testLimits, maxFilterValues: VALUES };
const broadcast = new Broadcast();
const kept: Subscription[] = [];
let counted = 0;

function subscribe(at: number, field: string): void {
  const values = Array.from({ length: VALUES }, (_, n) => {
    const value = at * VALUES + n;
    if (field === "#r") return `${value}`.padEnd(LONG, "long ");
    return field === "#t" ? `value ${value}` : value.toString(16).padStart(64, "0");
  });
  const parsed = parseRequest(
    { verb: "REQ", parts: ["REQ", `${at}`, { [field]: values }] },
    limits,
  );
  if (!("filters" in parsed)) throw new Error("no request");
  const { filters } = parsed;
  counted += filterValueCount(filters);
  const subscription = new Subscription({
    id: `${at}`,
    filters: storedFilters(filters, limits),
    onLive() {},
  });
  broadcast.add(subscription.listener, filters);
  subscription.goLive();
  kept.push(subscription);
}

subscribe(0, field);
const before = await usedBytes();
counted = 0;
for (let at = 1; at <= SUBSCRIPTIONS; at++) subscribe(at, field);
console.log((await usedBytes() - before) / counted);
