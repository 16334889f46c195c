import { equal, match } from "node:assert/strict";
import { directoryFault } from "../../../src/app/database/directory_fault.ts";

const rows: readonly [said: string, sentence: RegExp][] = [
  ["No space left on device (os error 28): write", /disk of \/data is full: delete something else/],
  ['could not extend file "base/1/2": No space left on device', /disk of \/data is full/],
  ["Permission denied (os error 13): open '/data.lock'", /may not use \/data: run the relay as/],
  ["Not a directory (os error 20): readdir '/data'", /a file is there .*: name another/],
  ["Read-only file system (os error 30)", /is read-only: name another/],
];

for (const [said, sentence] of rows) {
  Deno.test(`"${said}" is told with what to do`, () => {
    match((directoryFault("/data", new Error(said)) as Error).message, sentence);
  });
}

Deno.test("any other error stays what it is", () => {
  const error = new Error("a bug");
  equal(directoryFault("/data", error), error);
});
