import { deepEqual, equal, match, throws } from "node:assert/strict";
import fc from "fast-check";
import { BrokenInvariant } from "../../src/base/assert.ts";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { nodeSha1 } from "../../src/net/sha1.ts";
import {
  ClientHandshake,
  type ClientHandshakeOptions,
} from "../../src/websocket/client_handshake.ts";
import type { Extension } from "../../src/websocket/extension.ts";
import { answerUpgrade, encodeResponse } from "../../src/websocket/handshake.ts";
import { handshakeFaults } from "../../src/websocket/handshake_fault.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

/** The nonce of RFC 6455 §1.3. */
const sample = { bytes: () => utf8("the sample nonce") };

const idle: Extension = {
  minBytes: 0,
  decode: (payload) => payload,
  encode: () => undefined,
  encodeShared: () => undefined,
};

const good: Readonly<Record<string, string>> = {
  "Upgrade": "websocket",
  "Connection": "Upgrade",
  "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
};

function newHandshake(options: Partial<ClientHandshakeOptions> = {}): ClientHandshake {
  return new ClientHandshake({
    authority: "server.example.com",
    target: "/chat",
    random: sample,
    ...options,
  }, nodeSha1);
}

/** The good response with other headers; an empty value takes the header away. */
function response(
  changes: Record<string, string> = {},
  status = "101 Switching Protocols",
): string {
  const lines = Object.entries({ ...good, ...changes }).filter(([, value]) => value !== "");
  return `HTTP/1.1 ${status}\r\n${
    lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  }\r\n`;
}

function outcome(changes: Record<string, string>, options?: Partial<ClientHandshakeOptions>) {
  return newHandshake(options).receive(utf8(response(changes)));
}

Deno.test("RFC 6455 §4.1: the request has what a server needs, in plain lines", () => {
  const { request } = newHandshake({
    subprotocols: ["chat", "superchat"],
    extension: { header: "zip; fast", accept: () => idle },
    headers: [["Origin", "http://example.com"]],
  });
  equal(
    new TextDecoder().decode(request),
    "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n" +
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n" +
      "Sec-WebSocket-Extensions: zip; fast\r\nOrigin: http://example.com\r\n\r\n",
  );
});

Deno.test("RFC 6455 §4.1 item 7: each handshake has a key of 16 fresh bytes", () => {
  const random = new SeededRandom(1);
  const keys = Array.from({ length: 100 }, () => {
    const text = new TextDecoder().decode(newHandshake({ random }).request);
    const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(text)?.[1] ?? "";
    equal(Uint8Array.fromBase64(key).length, 16);
    return key;
  });
  equal(new Set(keys).size, 100);
});

Deno.test("RFC 6455 §4.1: a good response is accepted, and what follows it is kept", () => {
  const frames = Uint8Array.of(0x81, 0x00);
  deepEqual(newHandshake().receive(concat([utf8(response()), frames])), {
    type: "accepted",
    subprotocol: undefined,
    extension: undefined,
    rest: frames,
  });
});

Deno.test("a response means the same however it is cut", () => {
  const bytes = utf8(`${response()}rest`);
  const whole = newHandshake().receive(bytes);
  fc.assert(fc.property(fc.nat(bytes.length), (cut) => {
    const handshake = newHandshake();
    const early = handshake.receive(bytes.subarray(0, cut));
    const restLength = early?.type === "accepted" ? early.rest.length : undefined;
    if (restLength !== undefined) equal(restLength, cut - (bytes.length - 4));
    else deepEqual(handshake.receive(bytes.subarray(cut)), whole);
  }));
  const slow = newHandshake();
  const answers = [...utf8(response())].map((byte) => slow.receive(Uint8Array.of(byte)));
  equal(answers.findIndex((answer) => answer !== undefined), answers.length - 1);
});

Deno.test("RFC 6455 §4.1 response item 1: another status is a fault that tells it", () => {
  for (const status of [200, 400, 401, 403, 404, 426, 500, 503]) {
    deepEqual(newHandshake().receive(utf8(response({}, `${status} x`))), {
      ...handshakeFaults.unexpectedStatus,
      status,
    });
  }
});

Deno.test("RFC 6455 §4.1 response item 1: a redirect is a fault that tells where it leads", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    const moved = response({ Location: "wss://elsewhere.example/" }, `${status} x`);
    deepEqual(newHandshake().receive(utf8(moved)), {
      ...handshakeFaults.redirect,
      status,
      location: "wss://elsewhere.example/",
    });
  }
  const nowhere = newHandshake().receive(utf8(response({}, "304 Not Modified")));
  deepEqual(nowhere, { ...handshakeFaults.unexpectedStatus, status: 304 });
});

Deno.test("RFC 6455 §4.1 response item 2: Upgrade is websocket and nothing else", () => {
  for (const upgrade of ["", "h2c", "websocket, h2c", "websockets"]) {
    equal(outcome({ Upgrade: upgrade }), handshakeFaults.missingUpgrade, upgrade);
  }
  equal(outcome({ Upgrade: "WebSocket" })?.type, "accepted");
});

Deno.test("RFC 6455 §4.1 response item 3: Connection lists Upgrade", () => {
  for (const connection of ["", "close", "no-upgrade"]) {
    equal(outcome({ Connection: connection }), handshakeFaults.missingConnection, connection);
  }
  equal(outcome({ Connection: "keep-alive, upgrade" })?.type, "accepted");
});

Deno.test("RFC 6455 §4.1 response item 4: Accept answers the key", () => {
  const right = good["Sec-WebSocket-Accept"]!;
  for (const accept of ["", right.toLowerCase(), right.slice(1), `${right}, ${right}`]) {
    equal(outcome({ "Sec-WebSocket-Accept": accept }), handshakeFaults.wrongAccept, accept);
  }
  equal(outcome({ "Sec-WebSocket-Accept": `  ${right}\t` })?.type, "accepted");
});

Deno.test("RFC 6455 §4.1 response item 5: extensions are granted as they were offered, or not at all", () => {
  const header = "Sec-WebSocket-Extensions";
  const extension = {
    header: "zip",
    accept: ([first]: readonly { name: string }[]) => first?.name === "zip" ? idle : undefined,
  };
  const agreed = outcome({ [header]: "zip" }, { extension });
  equal(agreed?.type === "accepted" && agreed.extension, idle);
  const declined = outcome({}, { extension });
  equal(declined?.type === "accepted" && declined.extension, undefined);
  equal(outcome({ [header]: "zip" }), handshakeFaults.wrongExtension, "nothing was offered");
  for (const wrong of ["other", "zip;;", "=", "other, zip"]) {
    equal(outcome({ [header]: wrong }, { extension }), handshakeFaults.wrongExtension, wrong);
  }
});

Deno.test("RFC 6455 §4.1 response item 6: the subprotocol is an offered one, or none", () => {
  const header = "Sec-WebSocket-Protocol";
  const options = { subprotocols: ["nostr", "chat"] };
  const chosen = outcome({ [header]: "chat" }, options);
  equal(chosen?.type === "accepted" && chosen.subprotocol, "chat");
  equal(outcome({}, options)?.type, "accepted");
  for (const wrong of ["other", "Chat", "nostr, chat"]) {
    equal(outcome({ [header]: wrong }, options), handshakeFaults.wrongSubprotocol, wrong);
  }
  equal(outcome({ [header]: "chat" }), handshakeFaults.wrongSubprotocol, "nothing was offered");
});

Deno.test("RFC 9110 §15.2: announcements before the response are passed over", () => {
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  equal(newHandshake().receive(utf8(`${hints}${hints}${response()}`))?.type, "accepted");
  const handshake = newHandshake();
  equal(handshake.receive(utf8(hints)), undefined);
  equal(handshake.receive(utf8(response()))?.type, "accepted");
});

Deno.test("RFC 6455 §10.4: a response has a limit, and what is none is refused at once", () => {
  const endless = utf8(`HTTP/1.1 101 x\r\nX: ${"x".repeat(500)}`);
  equal(newHandshake({ maxHeadBytes: 500 }).receive(endless), handshakeFaults.longResponse);
  equal(newHandshake().receive(utf8("220 mail")), handshakeFaults.malformedResponse);
});

Deno.test("RFC 6455 §4.1: our client and our server agree", () => {
  const { request } = newHandshake({ subprotocols: ["nostr"], random: new SeededRandom(5) });
  const [line = "", ...lines] = new TextDecoder().decode(request).trimEnd().split("\r\n");
  match(line, /^GET \S+ HTTP\/1\.1$/);
  const headers = new Headers(lines.map((each) => each.split(": ") as [string, string]));
  const { response } = answerUpgrade({ method: "GET", httpVersion: "1.1", headers }, {
    chooseSubprotocol: ([first]) => first,
  }, nodeSha1);
  const client = newHandshake({ subprotocols: ["nostr"], random: new SeededRandom(5) });
  const answer = client.receive(encodeResponse(response));
  equal(answer?.type === "accepted" && answer.subprotocol, "nostr");
});

Deno.test("a request that is no line of text is our own bug", () => {
  const wrong: readonly Partial<ClientHandshakeOptions>[] = [
    { authority: "a\r\nX: y" },
    { target: "/a b" },
    { target: "chat" },
    { headers: [["X", "a\nb"]] },
    { headers: [["X y", "a"]] },
    { subprotocols: ["two words"] },
    { subprotocols: ["chat", "chat"] },
  ];
  for (const options of wrong) throws(() => newHandshake(options), BrokenInvariant);
});
