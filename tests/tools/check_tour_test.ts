import { deepEqual } from "node:assert/strict";
import { type Grounds, readGrounds, tourGaps } from "../../tools/check_tour.ts";
import { withTree } from "../kit/temporary_tree.ts";

const grounds: Grounds = {
  files: ["deno.json", "src/net/listener.ts", "src/relay/policies/pow.ts", "docs/nips.md"],
  code: `
    /** Once there was an oldName. */
    // and an olderName
    export class EventStore { #queue = []; put() { return "https://relay.example"; } }
function take() {}
  `,
  tasks: ["ok", "check:rooms"],
};

Deno.test("files are known by path from the root, from src/, or from anywhere", () => {
  const tour =
    "`src/net/listener.ts` `net/listener.ts` `net/listener` `listener.ts` `docs/nips.md`" +
    " `deno.json` `src/net/` `docs/` `relay/policies/*` `src/*/listener.ts`";
  deepEqual(tourGaps(tour, grounds), []);
});

Deno.test("a path that leads nowhere is a gap, with its line", () => {
  deepEqual(tourGaps("One.\n\nSee `net/dialer` and `gone.ts`,\n`docs/gone/`.", grounds), [
    "line 3: `net/dialer` is not a file",
    "line 3: `gone.ts` is not a file",
    "line 4: `docs/gone/` is not a file",
  ]);
});

Deno.test("names are known when the code has them, rooms and files included", () => {
  const tour = "`EventStore` `EventStore.put` `put()` `#queue` `net` `listener`";
  deepEqual(tourGaps(tour, grounds), []);
});

Deno.test("a name that the code has not is a gap", () => {
  deepEqual(tourGaps("`EventShop` `EventStore.give()`", grounds), [
    "line 1: `EventShop` is not in the code",
    "line 1: `EventStore.give()` is not in the code",
  ]);
});

Deno.test("a member that another part of the code has is a gap", () => {
  deepEqual(tourGaps("`take` `EventStore.take`", grounds), [
    "line 1: `EventStore.take` is not in EventStore",
  ]);
});

Deno.test("a name that only a comment remembers is a gap", () => {
  deepEqual(tourGaps("`oldName` `olderName`", grounds), [
    "line 1: `oldName` is not in the code",
    "line 1: `olderName` is not in the code",
  ]);
});

Deno.test("a task exists or is a gap", () => {
  deepEqual(tourGaps("`deno task ok --without test` `deno task check:rooms`", grounds), []);
  deepEqual(tourGaps("`deno task oh`", grounds), ["line 1: `deno task oh` is not a task"]);
});

Deno.test("sentences, wire text and fenced blocks are not looked up", () => {
  const tour = '`["EVENT", …]` `auth-required:` `a b c` `--listen`\n```\n`gone.ts`\n```\n`gone.md`';
  deepEqual(tourGaps(tour, grounds), ["line 5: `gone.md` is not a file"]);
});

Deno.test("the grounds of a project are its files, its code and its tasks", async () => {
  const tree = {
    "deno.json": '{"tasks":{"ok":"x"}}',
    "mod.ts": "export const door = 1;",
    "src/base/a.ts": "export const a = 1;",
    "tests/base/a_test.ts": "const b = 1;",
    "node_modules/x/y.js": "",
  };
  await withTree(tree, (root) => {
    const { files, code, tasks } = readGrounds(root);
    deepEqual([...files].sort(), ["deno.json", "mod.ts", "src/base/a.ts", "tests/base/a_test.ts"]);
    deepEqual(code.split("\n").sort(), ["export const a = 1;", "export const door = 1;"]);
    deepEqual(tasks, ["ok"]);
  });
});
