import { deepEqual, equal } from "node:assert/strict";
import { roomOf, rooms } from "../../tools/rooms.ts";

Deno.test("a file belongs to the first folder under the last src/", () => {
  equal(roomOf("src/net/listener.ts")?.name, "net");
  equal(roomOf("/home/src/project/src/relay/policies/policy.ts")?.name, "relay");
  equal(roomOf("C:\\project\\src\\http\\router.ts")?.name, "http");
});

Deno.test("what is not in a room of src/ belongs to none", () => {
  for (const path of ["src/a.ts", "mod.ts", "tests/net/a_test.ts", "src/cellar/a.ts"]) {
    equal(roomOf(path), undefined);
  }
});

Deno.test("every room that another may import exists", () => {
  const names = new Set(rooms.map(({ name }) => name));
  deepEqual(rooms.flatMap(({ imports }) => imports).filter((name) => !names.has(name)), []);
});

Deno.test("no two rooms may import each other", () => {
  const allowed = new Set(
    rooms.flatMap(({ name, imports }) => imports.map((to) => `${name} ${to}`)),
  );
  const mutual = [...allowed].filter((pair) => allowed.has(pair.split(" ").reverse().join(" ")));
  deepEqual(mutual, []);
});
