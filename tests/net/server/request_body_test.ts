import { deepEqual, equal } from "node:assert/strict";
import { utf8, utf8Decode } from "../../../src/base/bytes.ts";
import { RequestBody } from "../../../src/net/server/request_body.ts";

const chunked = { type: "chunked" } as const;

/** What comes of the bytes of `text`, `step` at a time. */
function receive(body: RequestBody, text: string, step = text.length) {
  const bytes = utf8(text);
  let taken = 0;
  while (taken < bytes.length) {
    const piece = bytes.subarray(taken, taken + step);
    const progress = body.receive(piece);
    if (progress.type === "whole") return { type: "whole", length: taken + progress.length };
    if (progress.type === "fault") return progress;
    taken += piece.length;
  }
  return { type: "more" };
}

Deno.test("no body is whole at once, and one with a length ends there", () => {
  deepEqual(new RequestBody(undefined, 10).receive(utf8("GET")), { type: "whole", length: 0 });
  const body = new RequestBody({ type: "length", bytes: 5 }, 10);
  deepEqual(receive(body, "helloGET", 2), { type: "whole", length: 5 });
  equal(utf8Decode(body.bytes), "hello");
});

Deno.test("RFC 9112 §7.1: chunks are joined wherever they are cut, extensions and trailers dropped", () => {
  const text = "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
  for (let step = 1; step <= text.length; step++) {
    const body = new RequestBody(chunked, 100);
    deepEqual(receive(body, `${text}GET`, step), { type: "whole", length: text.length });
    equal(utf8Decode(body.bytes), "hello world");
  }
});

Deno.test("chunks that are none are 400", () => {
  const long = "0".repeat(2000);
  for (
    const text of [
      "x\r\n",
      "-1\r\n",
      "5\nhello",
      "1\r\nxy\r\n",
      "123456789\r\n",
      `${long}\r\n`,
      long,
    ]
  ) {
    const progress = receive(new RequestBody(chunked, 100), text);
    equal(
      progress.type === "fault" && "status" in progress && progress.status,
      400,
      text.slice(0, 20),
    );
  }
  const trailers = `0\r\n${"a: b\r\n".repeat(100)}`;
  equal(receive(new RequestBody(chunked, 100), trailers).type, "fault");
});

Deno.test("a body beyond the limit is 413 as soon as that is known", () => {
  const status = (body: RequestBody, text: string) => {
    const progress = body.receive(utf8(text));
    return progress.type === "fault" ? progress.status : progress.type;
  };
  equal(status(new RequestBody({ type: "length", bytes: 11 }, 10), ""), 413);
  equal(status(new RequestBody({ type: "length", bytes: 10 }, 10), ""), "more");
  equal(status(new RequestBody(chunked, 10), "b\r\n"), 413);
  equal(status(new RequestBody(chunked, 10), "5\r\nhello\r\n6\r\n"), 413);
});

Deno.test("chunks of one byte are joined as they come", () => {
  const body = new RequestBody(chunked, 10_000);
  equal(receive(body, `${"1\r\nx\r\n".repeat(5000)}0\r\n\r\n`).type, "whole");
  equal(body.bytes.length, 5000);
});
