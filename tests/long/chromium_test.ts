/**
 * Chromium as the client. It must be installed, as `chromium` or where `CHROMIUM` says; a test without
 * its browser fails.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { type Browser, chromium, type Page } from "playwright-core";
import { SharedBytes, utf8 } from "../../src/base/bytes.ts";
import { nodeZlib } from "../../src/net/zlib.ts";
import { acceptDeflate } from "../../src/websocket/permessage_deflate.ts";
import { type EchoServer, withEchoServer } from "../kit/echo_server.ts";
import { prose } from "../kit/messages.ts";
import { testGate } from "../kit/test_gate.ts";

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // The certificate of the tests is vouched for by nobody whom a browser knows.
  "--ignore-certificate-errors",
];

async function withPage(test: (page: Page) => Promise<void>): Promise<void> {
  const executablePath = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";
  const browser: Browser = await chromium.launch({ executablePath, args: flags });
  try {
    await test(await browser.newPage());
  } finally {
    await browser.close();
  }
}

/** What the page tells of its conversation. */
interface Report {
  readonly extensions: string;
  readonly failures: readonly string[];
  readonly close: readonly [code: number, reason: string, wasClean: boolean];
}

/** Runs inside the browser: sends each message, and compares what comes back. */
async function converse({ url, long }: { url: string; long: string }): Promise<Report> {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("no connection"));
  });
  const failures: string[] = [];
  const exchange = async (message: string | Uint8Array<ArrayBuffer>) => {
    const echo = new Promise<string | ArrayBuffer>((resolve) => {
      socket.onmessage = ({ data }) => resolve(data);
    });
    socket.send(message);
    const answer = await echo;
    const same = typeof message === "string" ? answer === message : typeof answer !== "string" &&
      new Uint8Array(answer).every((byte, at) => byte === message[at]) &&
      answer.byteLength === message.length;
    if (!same) failures.push(`${typeof message} of ${message.length}`);
  };
  // What is longer than 128 KiB the browser sends in fragments.
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 300_000, long.length]) {
    await exchange(long.slice(0, length));
    const noise = new Uint8Array(length);
    for (let at = 0; at < length; at += 65_536) {
      crypto.getRandomValues(noise.subarray(at, at + 65_536));
    }
    await exchange(noise);
    await exchange(new Uint8Array(length));
  }
  const close = new Promise<Report["close"]>((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean]);
  });
  socket.close(4000, "done");
  return { extensions: socket.extensions, failures, close: await close };
}

const chooseExtension = acceptDeflate({ zlib: nodeZlib });

const kinds = [
  ["plain", () => ({}), /^$/],
  ["compressed", () => ({ chooseExtension }), /^permessage-deflate;/],
  ["TLS and compressed", () => ({ chooseExtension, tls: testGate() }), /^permessage-deflate;/],
] as const;

/** Long enough for 10 MB, short enough for the browser's UTF-16. */
const long = prose(9_900_000);

for (const [name, options, extensions] of kinds) {
  Deno.test(`Chromium, ${name}: text and binary come back as they were, up to 10 MB`, () =>
    withEchoServer((server) =>
      withPage(async (page) => {
        await page.goto(server.url.replace("ws", "http"));
        const report = await page.evaluate(converse, { url: server.url, long });
        match(report.extensions, extensions);
        deepEqual(report.failures, []);
        deepEqual(report.close, [4000, "done", true]);
        deepEqual(server.heard[0]?.endings, [
          { cause: "peer", code: 4000, reason: "done", clean: true },
        ]);
      }), options()));

  Deno.test(`Chromium, ${name}: a shared body arrives between each one's own words`, () =>
    withEchoServer((server) =>
      withPage(async (page) => {
        await page.goto(server.url.replace("ws", "http"));
        const text = `{"content":"${prose(3000)}"}`;
        const heard = page.evaluate(listenFor, { url: server.url, count: 2 });
        await sendShared(server, text);
        deepEqual(await heard, ["a", "b"].map((id) => `["EVENT","${id}",${text}]`));
      }), options()));
}

/** Runs inside the browser: the first messages that come. */
function listenFor({ url, count }: { url: string; count: number }): Promise<string[]> {
  const socket = new WebSocket(url);
  const texts: string[] = [];
  return new Promise((resolve) => {
    socket.onopen = () => socket.send("ready");
    socket.onmessage = ({ data }) => {
      if (data !== "ready") texts.push(data);
      if (texts.length < count) return;
      socket.close();
      resolve(texts);
    };
  });
}

async function sendShared(server: EchoServer, text: string): Promise<void> {
  while (server.heard[0] === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  await server.heard[0].until(({ texts }) => texts[0] === "ready");
  const body = new SharedBytes(utf8(text));
  for (const id of ["a", "b"]) {
    server.connections[0]!.sendShared(utf8(`["EVENT","${id}",`), body, utf8("]"));
  }
}

Deno.test("Chromium: a page of another origin is kept out", () =>
  withEchoServer((server) =>
    withPage(async (page) => {
      await page.goto(server.url.replace("ws", "http"));
      const outcome = await page.evaluate((url) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url);
          socket.onopen = () => resolve("open");
          socket.onclose = ({ code }) => resolve(code);
        }), server.url);
      equal(outcome, 1006);
    }), { allowsOrigin: (origin) => origin === "https://app.example" }));
