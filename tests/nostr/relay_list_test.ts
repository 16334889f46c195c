import { deepEqual, equal, ok } from "node:assert/strict";
import { relayListOf, relayUrlIn } from "../../src/nostr/relay_list.ts";

Deno.test("NIP-65: a relay without a marker is read and written", () => {
  const tags = [
    ["r", "wss://both.example"],
    ["r", "wss://in.example", "read"],
    ["r", "wss://out.example", "write"],
    ["r", "wss://none.example", "sometimes"],
    ["relay", "wss://other.example"],
    ["r"],
  ];
  deepEqual(relayListOf({ tags }, 10), {
    read: ["wss://both.example/", "wss://in.example/"],
    write: ["wss://both.example/", "wss://out.example/"],
  });
});

Deno.test("one relay is one, however it is written", () => {
  const texts = [
    "wss://A.example",
    "wss://a.example/",
    "wss://a.example:443",
    "wss://a.example/#b",
  ];
  deepEqual(relayListOf({ tags: texts.map((text) => ["r", text]) }, 10).write, [
    "wss://a.example/",
  ]);
});

Deno.test("what is no relay is left out", () => {
  const texts = [
    ...[
      "",
      "junk",
      "https://a.example",
      "file:///etc/passwd",
      "ws+unix:/run/relay",
      "javascript:1",
    ],
    ...["wss://user:secret@a.example", "wss://user@a.example", "wss://", "wss://a b.example"],
    ...[`wss://a.example/${"x".repeat(300)}`, `wss://a.example/${"ü".repeat(100)}`],
  ];
  deepEqual(texts.map(relayUrlIn), texts.map(() => undefined));
});

Deno.test("Fetch §2.9: nobody is led to a mail server or a shell", () => {
  for (const port of [0, 22, 25, 587, 6667]) equal(relayUrlIn(`ws://a.example:${port}`), undefined);
  for (const port of [2, 81, 444, 7000, 8080]) {
    equal(relayUrlIn(`ws://a.example:${port}`), `ws://a.example:${port}/`);
  }
});

Deno.test("an address is known by its usual spelling", () => {
  for (const text of ["ws://0x7f.1", "ws://2130706433", "ws://127.1/", "ws://0177.0.0.1"]) {
    equal(relayUrlIn(text), "ws://127.0.0.1/");
  }
});

Deno.test("of a list of 10,000 relays the first few count, and the rest costs nothing", () => {
  const tags = Array.from({ length: 10_000 }, (_, at) => ["r", `wss://${at}.example`]);
  deepEqual(relayListOf({ tags }, 2).write, ["wss://0.example/", "wss://1.example/"]);
  const junk = Array.from({ length: 10_000 }, () => ["r", "junk"]);
  let looked = 0;
  const counted = new Proxy([...junk, ["r", "wss://late.example"]], {
    get(tags, key) {
      if (/^\d+$/.test(String(key))) looked++;
      return Reflect.get(tags, key);
    },
  });
  equal(relayListOf({ tags: counted }, 2).write.length, 0);
  ok(looked <= 100, `${looked} tags are looked at`);
});
