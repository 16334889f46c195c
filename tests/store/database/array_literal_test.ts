import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { byteaArray, jsonArray, plainArray } from "../../../src/store/database/array_literal.ts";

Deno.test("no values are an empty array", () => {
  for (const literal of [byteaArray([]), plainArray([]), jsonArray([])]) equal(literal, "{}");
});

Deno.test("bytes are written in hex, the backslash doubled", () => {
  equal(byteaArray([""]), String.raw`{"\\x"}`);
  equal(byteaArray(["00", "ff"]), String.raw`{"\\x00","\\xff"}`);
});

Deno.test("numbers and letters need no quotes", () => {
  equal(plainArray([0, -1, Number.MAX_SAFE_INTEGER]), "{0,-1,9007199254740991}");
  equal(plainArray(["e", "P"]), "{e,P}");
});

Deno.test("JSON of any value comes back from its literal", () => {
  fc.assert(fc.property(fc.array(fc.json({ stringUnit: "grapheme" })), (documents) => {
    const compact = documents.map((document) => JSON.stringify(JSON.parse(document)));
    deepEqual(readArray(jsonArray(compact)), compact);
  }));
});

/** As Postgres reads an array of quoted elements: a backslash stands for the character behind it. */
function readArray(literal: string): string[] {
  const elements: string[] = [];
  let element: string | undefined;
  for (let i = 1; i < literal.length - 1; i++) {
    const character = literal[i]!;
    if (character === '"') {
      if (element !== undefined) elements.push(element);
      element = element === undefined ? "" : undefined;
    } else if (element !== undefined) {
      element += character === "\\" ? literal[++i]! : character;
    }
  }
  return elements;
}
