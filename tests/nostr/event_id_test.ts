import { deepEqual, equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { eventId, serializeEvent } from "../../src/nostr/event_id.ts";
import vectors from "../vectors/nip01.json" with { type: "json" };

const EVENT = { pubkey: "ab".repeat(32), created_at: 1, kind: 1, tags: [], content: "" };

for (const { name, serialized, event, expect_valid } of vectors) {
  if (!expect_valid) continue;
  Deno.test(`the vector "${name}" has its canonical form and its id`, () => {
    equal(serializeEvent(event), serialized);
    equal(eventId(event), event.id);
  });
}

Deno.test("NIP01-02: an event whose content was changed has another id", () => {
  const { event } = vectors.find(({ name }) => name === "content changed")!;
  equal(eventId(event) === event.id, false);
});

Deno.test("NIP01-04: seven characters are escaped, each in its short form", () => {
  equal(contentOf('\n"\\\r\t\b\f'), '"\\n\\"\\\\\\r\\t\\b\\f"');
});

Deno.test("NIP01-05: slash, accents, emoji, line separators and DEL stand as they are", () => {
  const verbatim = "/é🎉\u2028\u2029\u007f\ufeff\uffff";
  equal(contentOf(verbatim), `"${verbatim}"`);
});

Deno.test("NIP01-06: the other control characters are \\u00xx in lower case", () => {
  for (let code = 0; code < 0x20; code++) {
    const text = String.fromCharCode(code);
    if ("\n\r\t\b\f".includes(text)) continue;
    equal(contentOf(text), `"\\u00${code.toString(16).padStart(2, "0")}"`);
  }
});

Deno.test("NIP01-08: tag strings are escaped like content", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const form = serializeEvent({ ...EVENT, tags: [[text]], content: text });
    equal(form.endsWith(`,[[${contentOf(text)}]],${contentOf(text)}]`), true);
  }));
});

Deno.test("the canonical form is the compact JSON of its six elements", () => {
  const tags = fc.array(fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 }));
  fc.assert(fc.property(fc.maxSafeNat(), fc.nat(65_535), tags, (created_at, kind, tags) => {
    const event = { ...EVENT, created_at, kind, tags };
    deepEqual(JSON.parse(serializeEvent(event)), [0, event.pubkey, created_at, kind, tags, ""]);
  }));
});

Deno.test("a hash that is passed in replaces the default and gives the same id", () => {
  let hashed = 0;
  const hashText = (text: string) => {
    hashed++;
    return createHash("sha256").update(text).digest("hex");
  };
  equal(eventId(EVENT, { hashText }), eventId(EVENT));
  equal(hashed, 1);
});

/** How `content` stands in the canonical form. */
function contentOf(content: string): string {
  const form = serializeEvent({ ...EVENT, content });
  return form.slice(serializeEvent(EVENT).length - 3, -1);
}
