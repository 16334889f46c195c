import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { asksFor, negotiate, parseAccept } from "../../src/http/accept.ts";

const offered = ["text/html", "application/json"];

Deno.test("RFC 9110 §12.5.1: ranges keep their order, case is folded, space is nothing", () => {
  deepEqual(parseAccept(" Text/HTML , application/* ;q=0.25,*/*; q=0"), [
    { type: "text", subtype: "html", quality: 1 },
    { type: "application", subtype: "*", quality: 0.25 },
    { type: "*", subtype: "*", quality: 0 },
  ]);
});

Deno.test("RFC 9110 §12.4.2: a weight has at most three decimals and lies from 0 to 1", () => {
  const qualities = (header: string) => parseAccept(header).map((range) => range.quality);
  deepEqual(qualities("a/b;q=0.125, a/b;q=1.000, a/b;Q=0., a/b;q=1"), [0.125, 1, 0, 1]);
  deepEqual(qualities("a/b;q=1.001, a/b;q=0.1234, a/b;q=2, a/b;q=-1, a/b;q=, a/b;q=x"), []);
});

Deno.test("an element that is not a media range is as if it had not been sent", () => {
  deepEqual(parseAccept("html, */html, a/b/c, /, a/, /b, , a b/c, text/html"), [
    { type: "text", subtype: "html", quality: 1 },
  ]);
});

Deno.test("RFC 9110 §5.6.4: a comma or semicolon in a quoted string separates nothing", () => {
  deepEqual(parseAccept('a/b;title="x, y; \\"q=0";q=0.5, c/d'), [
    { type: "a", subtype: "b", quality: 0.5 },
    { type: "c", subtype: "d", quality: 1 },
  ]);
});

Deno.test("what stands behind the sixty-fourth element is not read", () => {
  const header = [...Array(64).fill("image/png"), "text/html"].join(",");
  equal(parseAccept(header).length, 64);
  equal(negotiate(header, offered), undefined);
});

Deno.test("RFC 9110 §12.5.1: no header, or an empty one, welcomes everything", () => {
  equal(negotiate(null, offered), "text/html");
  equal(negotiate("  ", offered), "text/html");
});

Deno.test("RFC 9110 §12.5.1: the heavier weight wins", () => {
  equal(negotiate("text/html;q=0.4, application/json;q=0.5", offered), "application/json");
  equal(negotiate("application/json;q=0.4, text/html;q=0.5", offered), "text/html");
});

Deno.test("RFC 9110 §12.5.1: the most specific range sets the weight of an offer", () => {
  equal(negotiate("text/html;q=0, */*", offered), "application/json");
  equal(negotiate("text/*;q=0.3, text/html;q=0.7, */*;q=0.5", offered), "text/html");
  equal(negotiate("text/*, text/html;q=0.2, */*;q=0.5", offered), "application/json");
});

Deno.test("equal weights go to what was named, then to what is offered first", () => {
  equal(negotiate("application/json, */*", offered), "application/json");
  equal(negotiate("application/*, */*", offered), "application/json");
  equal(negotiate("application/json, text/html", offered), "text/html");
  equal(negotiate("*/*", offered), "text/html");
});

Deno.test("RFC 9110 §12.4.2: a weight of zero means not acceptable", () => {
  equal(negotiate("*/*;q=0", offered), undefined);
  equal(negotiate("text/html;q=0", ["text/html"]), undefined);
});

Deno.test("a parameter other than q does not make another type of it", () => {
  equal(negotiate("application/json;charset=utf-8", offered), "application/json");
});

Deno.test("a type is asked for when it is named at a weight above zero", () => {
  equal(asksFor("text/html, Application/JSON;q=0.001", "application/json"), true);
  equal(asksFor("application/json;q=0", "application/json"), false);
  equal(asksFor("application/*", "application/json"), false);
  equal(asksFor("application/jsonp", "application/json"), false);
  equal(asksFor("", "application/json"), false);
  equal(asksFor(null, "application/json"), false);
});

const range = fc.record({
  name: fc.constantFrom("text/html", "application/json", "text/*", "application/*", "*/*", "a/b"),
  weight: fc.integer({ min: 0, max: 1000 }),
});

/** The rule of RFC 9110, word for word and without a thought for speed. */
function weightOf(ranges: readonly { name: string; weight: number }[], offer: string): number {
  for (const name of [offer, `${offer.split("/")[0]}/*`, "*/*"]) {
    const weights = ranges.filter((each) => each.name === name).map((each) => each.weight);
    if (weights.length > 0) return Math.max(...weights);
  }
  return 0;
}

Deno.test("the choice always has the largest weight there is", () => {
  fc.assert(fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), (ranges) => {
    const header = ranges
      .map(({ name, weight }) => `${name};q=${(weight / 1000).toFixed(3)}`).join(", ");
    const heaviest = Math.max(...offered.map((offer) => weightOf(ranges, offer)));
    const choice = negotiate(header, offered);
    if (heaviest === 0) equal(choice, undefined);
    else equal(weightOf(ranges, choice ?? ""), heaviest);
  }));
});

Deno.test("any header at all has an answer", () => {
  fc.assert(fc.property(fc.string(), (header) => {
    const choice = negotiate(header, offered);
    equal(choice === undefined || offered.includes(choice), true);
  }));
});
