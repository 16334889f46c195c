import { deepEqual, equal, match, throws } from "node:assert/strict";
import { BrokenInvariant } from "../../src/base/assert.ts";
import { nodeSha1 } from "../../src/net/sha1.ts";
import type { Extension } from "../../src/websocket/extension.ts";
import {
  acceptFor,
  answerUpgrade,
  encodeResponse,
  type Handshake,
  type HandshakeOptions,
  type HandshakeResponse,
  refuse,
} from "../../src/websocket/handshake.ts";

const good: Readonly<Record<string, string>> = {
  "host": "relay.example.com",
  "upgrade": "websocket",
  "connection": "Upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** The good request with other headers; an empty value takes the header away. */
function answer(changes: Record<string, string> = {}, options: HandshakeOptions = {}): Handshake {
  const headers = new Headers();
  for (const [name, value] of Object.entries({ ...good, ...changes })) {
    if (value !== "") headers.set(name, value);
  }
  return answerUpgrade({ method: "GET", httpVersion: "1.1", headers }, options, nodeSha1);
}

function headerOf(response: HandshakeResponse, name: string): string | undefined {
  return response.headers.find(([header]) => header === name)?.[1];
}

const idle: Extension = {
  minBytes: 0,
  decode: (payload) => payload,
  encode: () => undefined,
  encodeShared: () => undefined,
};

Deno.test("RFC 6455 §1.3: the sample key has the sample answer", () => {
  equal(acceptFor("dGhlIHNhbXBsZSBub25jZQ==", nodeSha1), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

Deno.test("RFC 6455 §4.2.2: a good request is answered 101", () => {
  const { type, response } = answer();
  equal(type, "accepted");
  equal(
    new TextDecoder().decode(encodeResponse(response)),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
  );
});

Deno.test("RFC 6455 §4.2.1: token lists are searched, without regard to case", () => {
  const { type } = answer({ connection: "keep-alive, uPGRADE", upgrade: "h2c, WebSocket" });
  equal(type, "accepted");
});

Deno.test("RFC 6455 §4.2.1: each missing or wrong header is answered 400", () => {
  const wrong = [
    { host: "" },
    { upgrade: "" },
    { upgrade: "websockets" },
    { connection: "" },
    { connection: "close" },
    { "sec-websocket-key": "" },
    { "sec-websocket-key": "c2hvcnQ=" },
    { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ" },
    { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZSE=" },
    { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==" },
    { "sec-websocket-extensions": "zip;;" },
  ];
  for (const changes of wrong) {
    const { type, response } = answer(changes);
    deepEqual([type, response.status], ["refused", 400], JSON.stringify(changes));
  }
});

Deno.test("RFC 6455 §4.4: another version is told which one would do", () => {
  for (const version of ["", "8", "14", "13, 8"]) {
    const { response } = answer({ "sec-websocket-version": version });
    equal(response.status, 426);
    equal(headerOf(response, "Sec-WebSocket-Version"), "13");
  }
});

Deno.test("RFC 9110 §15.5.22: a 426 names the protocol to upgrade to", () => {
  const { response } = answer({ "sec-websocket-version": "8" });
  equal(headerOf(response, "Upgrade"), "websocket");
  equal(headerOf(response, "Connection"), "Upgrade, close");
  const text = new TextDecoder().decode(encodeResponse(response));
  equal(text.match(/^Connection:/gm)?.length, 1);
});

Deno.test("RFC 6455 §4.1: the method is GET and the version of HTTP 1.1", () => {
  const headers = new Headers(good);
  const post = answerUpgrade({ method: "POST", httpVersion: "1.1", headers }, {}, nodeSha1);
  equal(post.response.status, 405);
  equal(headerOf(post.response, "Allow"), "GET");
  const old = answerUpgrade({ method: "GET", httpVersion: "1.0", headers }, {}, nodeSha1);
  equal(old.response.status, 400);
});

Deno.test("RFC 6455 §4.2.2: one of the offered subprotocols is chosen, or none", () => {
  const offer = { "sec-websocket-protocol": "nostr, chat" };
  const chosen = answer(offer, { chooseSubprotocol: (offered) => offered[1] });
  equal(chosen.type === "accepted" && chosen.subprotocol, "chat");
  equal(headerOf(chosen.response, "Sec-WebSocket-Protocol"), "chat");
  const none = answer(offer);
  equal(headerOf(none.response, "Sec-WebSocket-Protocol"), undefined);
});

Deno.test("RFC 6455 §4.1: a subprotocol that was not offered is our own bug", () => {
  const offer = { "sec-websocket-protocol": "chat" };
  throws(() => answer(offer, { chooseSubprotocol: () => "other" }), BrokenInvariant);
});

Deno.test("RFC 6455 §9.1: the offers are put to the chooser, and the answer is sent", () => {
  const options: HandshakeOptions = {
    chooseExtension: ([first]) => ({ extension: idle, header: `${first?.name}; fast` }),
  };
  const agreed = answer({ "sec-websocket-extensions": "zip, zap" }, options);
  equal(agreed.type === "accepted" && agreed.extension, idle);
  equal(headerOf(agreed.response, "Sec-WebSocket-Extensions"), "zip; fast");
});

Deno.test("RFC 6455 §4.2.2: an origin that is not allowed is answered 403", () => {
  const options: HandshakeOptions = {
    allowsOrigin: (origin) => origin === undefined || origin === "https://app.example.com",
  };
  const statusFor = (origin: string) => answer({ origin }, options).response.status;
  deepEqual(["https://app.example.com", "https://evil.example", "null", ""].map(statusFor), [
    101,
    403,
    403,
    101,
  ]);
  equal(answer({ origin: "https://evil.example" }).type, "accepted", "any, if nobody minds");
});

Deno.test("nobody is asked to choose from nothing", () => {
  const never = () => {
    throw new Error("asked");
  };
  const { type } = answer({}, { chooseExtension: never, chooseSubprotocol: never });
  equal(type, "accepted");
});

Deno.test("a refusal closes the connection and measures its body in bytes", () => {
  const text = new TextDecoder().decode(
    encodeResponse(refuse(503, "zu spät", [["Retry-After", "9"]])),
  );
  match(text, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  match(text, /\r\nRetry-After: 9\r\n/);
  match(text, /\r\nConnection: close\r\n/);
  match(text, /\r\nContent-Length: 9\r\n\r\nzu spät\n$/);
});
