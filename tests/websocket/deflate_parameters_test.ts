import { deepEqual, equal } from "node:assert/strict";
import { parseDeflateAnswer, parseDeflateOffer } from "../../src/websocket/deflate_parameters.ts";
import { parseExtensions } from "../../src/websocket/header_list.ts";

const none = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: undefined,
  clientMaxWindowBits: undefined,
};

function offer(parameters: string) {
  return parseDeflateOffer(parseExtensions(`permessage-deflate${parameters}`)![0]!.parameters);
}

function answer(parameters: string) {
  return parseDeflateAnswer(parseExtensions(`permessage-deflate${parameters}`)![0]!.parameters);
}

Deno.test("RFC 7692 §7.1: an offer may have no parameters, or all four in any order", () => {
  deepEqual(offer(""), none);
  deepEqual(
    offer(
      "; client_max_window_bits=9; server_no_context_takeover; server_max_window_bits=15; " +
        "client_no_context_takeover",
    ),
    {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 9,
    },
  );
});

Deno.test("RFC 7692 §7.1: a parameter that is not defined is declined", () => {
  for (const parse of [offer, answer]) {
    equal(parse("; mux"), undefined);
    equal(parse("; Server_No_Context_Takeover"), undefined);
    equal(parse("; toString"), undefined);
  }
});

Deno.test("RFC 7692 §7.1: a parameter that comes twice is declined", () => {
  for (const parse of [offer, answer]) {
    equal(parse("; server_no_context_takeover; server_no_context_takeover"), undefined);
    equal(parse("; client_max_window_bits=10; client_max_window_bits=10"), undefined);
  }
  equal(offer("; client_max_window_bits; client_max_window_bits=10"), undefined);
});

Deno.test("RFC 7692 §7.1.1: no_context_takeover has no value", () => {
  for (const parse of [offer, answer]) {
    equal(parse("; server_no_context_takeover=1"), undefined);
    equal(parse("; client_no_context_takeover=true"), undefined);
  }
});

Deno.test("RFC 7692 §7.1.2.1: server_max_window_bits is a number from 8 to 15, and never alone", () => {
  for (const parse of [offer, answer]) {
    for (let bits = 8; bits <= 15; bits++) {
      equal(parse(`; server_max_window_bits=${bits}`)?.serverMaxWindowBits, bits);
      equal(parse(`; server_max_window_bits="${bits}"`)?.serverMaxWindowBits, bits);
    }
    equal(parse("; server_max_window_bits"), undefined);
    for (const wrong of ["0", "7", "16", "100", "08", "+9", "-9", "9.0", "0x9", "1e1", "nine"]) {
      equal(parse(`; server_max_window_bits=${wrong}`), undefined, wrong);
    }
  }
});

Deno.test("RFC 7692 §7.1.2.2: client_max_window_bits stands alone in an offer only", () => {
  equal(offer("; client_max_window_bits")?.clientMaxWindowBits, true);
  equal(answer("; client_max_window_bits"), undefined);
  for (const parse of [offer, answer]) {
    for (let bits = 8; bits <= 15; bits++) {
      equal(parse(`; client_max_window_bits=${bits}`)?.clientMaxWindowBits, bits);
    }
    for (const wrong of ["7", "16", "010", "x"]) {
      equal(parse(`; client_max_window_bits=${wrong}`), undefined, wrong);
    }
  }
});
