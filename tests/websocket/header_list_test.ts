import { deepEqual, equal } from "node:assert/strict";
import {
  hasMember,
  isToken,
  listMembers,
  parseExtensions,
} from "../../src/websocket/header_list.ts";

Deno.test("RFC 9110 §5.6.1: a list keeps its order and loses what is empty", () => {
  deepEqual(listMembers(" a,b ,, c\t,"), ["a", "b", "c"]);
  deepEqual(listMembers(""), []);
});

Deno.test("RFC 6455 §4.2.1: tokens are compared without regard to case, and whole", () => {
  equal(hasMember("Keep-Alive,UPGRADE", "upgrade"), true);
  equal(hasMember("no-upgrade", "upgrade"), false);
});

Deno.test("RFC 7692 §7.1: what browsers and others offer is understood", () => {
  deepEqual(parseExtensions("permessage-deflate; client_max_window_bits"), [
    { name: "permessage-deflate", parameters: [["client_max_window_bits", true]] },
  ]);
  deepEqual(parseExtensions('permessage-deflate;server_max_window_bits="10" , x-webkit'), [
    { name: "permessage-deflate", parameters: [["server_max_window_bits", "10"]] },
    { name: "x-webkit", parameters: [] },
  ]);
});

Deno.test("a parameter that comes twice is told twice", () => {
  deepEqual(parseExtensions("zip; a=1; a=2")?.[0]?.parameters, [["a", "1"], ["a", "2"]]);
});

Deno.test("RFC 6455 §9.1: a quoted value is a token once it is unquoted", () => {
  deepEqual(parseExtensions('zip; a="\\1\\0"')?.[0]?.parameters, [["a", "10"]]);
  for (const header of ['zip; a="1 0"', 'zip; a="1,0"', 'zip; a="1;0"', 'zip; a=""']) {
    equal(parseExtensions(header), undefined, header);
  }
});

Deno.test("RFC 6455 §9.1: what breaks the grammar is refused", () => {
  for (const header of ["zip;", "zip; =1", "zip; a=", ";a", "zip zap", "zip; a b", 'zip; a="1']) {
    equal(parseExtensions(header), undefined, header);
  }
});

Deno.test("RFC 9110 §5.6.2: a token is letters, digits and some signs, and not empty", () => {
  for (const text of ["a", "x-1", "!#$%&'*+-.^_`|~"]) equal(isToken(text), true, text);
  for (const text of ["", "a b", "a,b", "a;b", "a=b", "é", '"a"', "a\n"]) {
    equal(isToken(text), false, text);
  }
});
