import { equal } from "node:assert/strict";
import { describeError, messageOf } from "../../src/base/error_text.ts";

Deno.test("an error says where it came from", () => {
  equal(describeError(new Error("bug")).includes("error_text_test.ts"), true);
  equal(describeError(5), "5");
});

Deno.test("whatever was thrown has a message", () => {
  equal(messageOf(new Error("no such file")), "no such file");
  equal(messageOf("away"), "away");
});
