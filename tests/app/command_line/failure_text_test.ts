import { equal, match } from "node:assert/strict";
import { failureText } from "../../../src/app/command_line/failure_text.ts";
import { UnusableBackup } from "../../../src/app/backup/manifest.ts";
import { FileFault } from "../../../src/app/system/file_fault.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";

const rows: readonly [code: string, sentence: RegExp][] = [
  ["EADDRINUSE", /^cannot listen at 127\.0\.0\.1:80 \(EADDRINUSE\): another program .*: stop it/],
  ["EACCES", /may not: choose a port from 1024 on/],
  ["EADDRNOTAVAIL", /no such address: choose one/],
];

for (const [code, sentence] of rows) {
  Deno.test(`an address that cannot be had for ${code} is told with what to do`, () => {
    const own = { code, syscall: "listen", address: "127.0.0.1", port: 80 };
    match(failureText(Object.assign(new Error("x"), own)), sentence);
  });
}

Deno.test("a path that cannot be listened at has no port", () => {
  const own = { code: "ENOENT", syscall: "listen", address: "/run/none/relay.sock", port: -1 };
  match(
    failureText(Object.assign(new Error("x"), own)),
    /^cannot listen at \/run\/none\/relay\.sock \(ENOENT\): the directory does not exist/,
  );
});

Deno.test("errors of the database and the system are a sentence, bugs have a stack", () => {
  equal(failureText(new StoreUnavailable("it is away")), "database: it is away");
  equal(failureText(Object.assign(new Error("broken"), { code: "EIO" })), "broken");
  equal(failureText(new UnusableBackup("the disk is full")), "the disk is full");
  equal(
    failureText(new FileFault("/x cannot be written: it is full")),
    "/x cannot be written: it is full",
  );
  match(failureText(new Error("bug")), /bug\n\s+at /);
});
