import { equal } from "node:assert/strict";
import { visibleText } from "../../src/base/visible_text.ts";

Deno.test("what drives a terminal is written out, and nothing else is changed", () => {
  equal(visibleText("one\n\ttwo: é 漢 👍"), "one\n\ttwo: é 漢 👍");
  equal(
    visibleText("\x1b]0;x\x07 \x9b2J \u202eabc \u2028 \ud800 \u{f0000} \r"),
    "\\u001b]0;x\\u0007 \\u009b2J \\u202eabc \\u2028 \\ud800 \\udb80\\udc00 \\u000d",
  );
});
