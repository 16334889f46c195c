import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { editDistance, nearestName } from "../../../src/app/settings/nearest_name.ts";
import { settingByName } from "../../../src/app/settings/setting_list.ts";

const meant: readonly [string, string | undefined][] = [
  ["network.ping_interval", "network.ping_interval_s"],
  ["network.ping_interval_seconds", "network.ping_interval_s"],
  ["network.listn", "network.listen"],
  ["limits.max_sub", "limits.max_subscriptions"],
  ["limits.max_mesage_bytes", "limits.max_message_bytes"],
  ["limts.max_limit", "limits.max_limit"],
  ["databse.url", "database.url"],
  ["access.banned_patterns_in_tag", "access.banned_patterns_in_tags"],
  ["relay.listen", "network.listen"],
  ["info.contact", "relay.contact"],
  ["limits.colour_of_feathers", undefined],
  ["", undefined],
];

for (const [name, nearest] of meant) {
  Deno.test(`"${name}" means ${nearest ?? "nothing that is known"}`, () => {
    equal(nearestName(name, settingByName.keys()), nearest);
  });
}

Deno.test("one wrong letter in a setting's name never hides it from the suggestion", () => {
  const names = [...settingByName.keys()];
  fc.assert(fc.property(fc.constantFrom(...names), fc.nat(), (name, seed) => {
    const at = seed % name.length;
    const wrong = `${name.slice(0, at)}#${name.slice(at + 1)}`;
    equal(nearestName(wrong, names), name);
  }));
});

Deno.test("the edit distance is a metric", () => {
  const short = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });
  fc.assert(fc.property(short, short, (left, right) => {
    const distance = editDistance(left, right);
    equal(distance, editDistance(right, left));
    equal(distance === 0, left === right);
    ok(distance >= Math.abs(left.length - right.length));
    ok(distance <= Math.max(left.length, right.length));
  }));
});

Deno.test("neighbours that changed places are one error", () => {
  equal(editDistance("ab", "ba"), 1);
  equal(editDistance("max_fliters", "max_filters"), 1);
});
