import { equal, match, notEqual } from "node:assert/strict";
import { etagOf, namesEtag } from "../../src/http/etag.ts";

Deno.test("RFC 9110 §8.8.3: a tag is a quoted string, marked as weak", async () => {
  match(await etagOf("text"), /^W\/"[0-9a-f]{24}"$/);
});

Deno.test("the same text has the same tag, another text another", async () => {
  equal(await etagOf("text"), await etagOf("text"));
  notEqual(await etagOf("text"), await etagOf("Text"));
});

Deno.test("RFC 9110 §13.1.2: tags are compared weakly, one by one", () => {
  equal(namesEtag('W/"a"', 'W/"a"'), true);
  equal(namesEtag('"a"', 'W/"a"'), true);
  equal(namesEtag('"x" , W/"a"', 'W/"a"'), true);
  equal(namesEtag('"x", "y"', 'W/"a"'), false);
  equal(namesEtag("a", 'W/"a"'), false);
});

Deno.test("RFC 9110 §13.1.2: a star names whatever there is, no header names nothing", () => {
  equal(namesEtag("*", 'W/"a"'), true);
  equal(namesEtag(null, 'W/"a"'), false);
  equal(namesEtag("", 'W/"a"'), false);
});
