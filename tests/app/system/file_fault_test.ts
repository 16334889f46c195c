import { equal, match, rejects, throws } from "node:assert/strict";
import { readFault, writeFault, writing } from "../../../src/app/system/file_fault.ts";

const cases: readonly (readonly [error: Error, words: RegExp])[] = [
  [new Error("No space left on device (os error 28)"), /^the disk is full$/],
  [new Error("Disk quota exceeded (os error 122)"), /quota/],
  [new Error("Read-only file system (os error 30): open 'x'"), /read-only/],
  [
    new Deno.errors.PermissionDenied("Permission denied (os error 13): open 'x'"),
    /^this user may not/,
  ],
  [new Deno.errors.NotADirectory("Not a directory (os error 20): open 'x/y'"), /is a file/],
  [new Deno.errors.IsADirectory("Is a directory (os error 21): open 'x'"), /it is a directory/],
  [new Error("something else"), /^something else$/],
];

for (const [error, words] of cases) {
  Deno.test(`what the system says is told in words: ${error.message}`, () => {
    match(readFault(error), words);
    match(writeFault(error), words);
  });
}

Deno.test("what is not there is another matter to who reads and to who writes", () => {
  const missing = new Deno.errors.NotFound("No such file or directory (os error 2): open 'x'");
  equal(readFault(missing), "no such file or directory");
  match(writeFault(missing), /directory that it belongs in does not exist: make it/);
});

Deno.test("a write that fails names the file, and what is no error stays what it is", async () => {
  const full = new Error("No space left on device (os error 28)");
  await rejects(writing("/x", () => Promise.reject(full)), {
    name: "FileFault",
    message: "/x cannot be written: the disk is full",
  });
  throws(() => readFault("nothing"), (thrown) => thrown === "nothing");
});
