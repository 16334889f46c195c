import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  landingPage,
  landingPagePolicy,
  nipTitles,
} from "../../../src/http/routes/landing_page.ts";
import type { RelayInformation } from "../../../src/http/routes/relay_information.ts";

const information: RelayInformation = {
  name: "example",
  description: "A relay for examples.",
  contact: "mailto:operator@relay.example",
  pubkey: "a".repeat(64),
  termsOfService: "https://relay.example/terms",
  software: "https://relay.example/software",
  version: "1.2.3",
  supportedNips: [42, 1],
  limitation: { maxMessageBytes: 524_288, authRequired: true, minPowDifficulty: 0 },
};
const relayUrl = "wss://relay.example";

Deno.test("the page tells the name, the address, the NIPs, the limits and the version", () => {
  const page = landingPage(information, relayUrl);
  match(page, /<title>example<\/title>/);
  match(page, /<h1>example<\/h1>/);
  match(page, /A relay for examples\./);
  match(page, /<code>wss:\/\/relay\.example<\/code>/);
  match(page, /nips\/blob\/master\/01\.md">01<[^]*nips\/blob\/master\/42\.md">42</);
  match(page, /Message size<\/th><td>524,288 bytes</);
  match(page, /Authentication<\/th><td>required</);
  match(page, /1\.2\.3/);
});

Deno.test("what is not set has no place on the page", () => {
  const page = landingPage(
    { software: "x", version: "1", supportedNips: [], limitation: {} },
    relayUrl,
  );
  match(page, /<h1>Nostr relay<\/h1>/);
  doesNotMatch(page, /Limits|Supported NIPs|Contact|undefined/);
});

Deno.test("a limit that limits nothing has no row", () => {
  const limitation = { minPowDifficulty: 0, authRequired: false, restrictedWrites: false };
  doesNotMatch(landingPage({ ...information, limitation }, relayUrl), /Limits|Proof|Publishing/);
});

Deno.test("a contact that is no web or mail address stays text", () => {
  const page = landingPage({ ...information, contact: "javascript:alert(1)" }, relayUrl);
  match(page, /<td>javascript:alert\(1\)<\/td>/);
  doesNotMatch(page, /href="javascript/);
});

Deno.test("a link goes to the whole address and shows what a person reads of it", () => {
  const page = landingPage(information, relayUrl);
  match(page, /href="mailto:operator@relay\.example"[^>]*>operator@relay\.example</);
  match(page, /href="https:\/\/relay\.example\/terms"[^>]*>relay\.example\/terms</);
});

Deno.test("a NIP stands with its title, and one without a title with its number", () => {
  const page = landingPage({ ...information, supportedNips: [1, 9999] }, relayUrl);
  match(page, /">01<\/a>Basic protocol<\/li>/);
  match(page, /9999\.md">9999<\/a><\/li>/);
});

Deno.test("a duration is told in the largest unit that needs no rounding", () => {
  const told = (maxAgeSeconds: number) =>
    /Oldest accepted event<\/th><td>([^<]*)</.exec(
      landingPage({ ...information, limitation: { maxAgeSeconds } }, relayUrl),
    )?.[1];
  equal(told(94_608_000), "1,095 days ago");
  equal(told(86_400), "1 day ago");
  equal(told(7_200), "2 hours ago");
  equal(told(900), "15 minutes ago");
  equal(told(61), "61 seconds ago");
  equal(told(1), "1 second ago");
});

Deno.test("the address is selected whole", () => {
  match(landingPage(information, relayUrl), /\.address code \{[^}]* user-select: all;/);
});

/** How many tags, comments and attributes quotes there are: what an unescaped value would change. */
const markup = (page: string) => page.replace(/[^<>"]/g, "").length;

Deno.test("no value adds markup, whatever it holds", () => {
  const hostile = fc.string({ unit: fc.constantFrom("<", ">", '"', "'", "&", "a", "/", "!", "-") });
  const withAll = (text: string) =>
    landingPage({
      ...information,
      name: `n${text}`,
      description: `d${text}`,
      contact: `https://${text}`,
      pubkey: `p${text}`,
      self: `s${text}`,
      termsOfService: `https://${text}`,
      software: `https://${text}`,
      version: `v${text}`,
    }, `wss://${text}`);
  const expected = markup(withAll(""));
  fc.assert(fc.property(hostile, (text) => equal(markup(withAll(text)), expected)));
});

Deno.test("the page runs no script and loads nothing", () => {
  const page = landingPage(information, relayUrl);
  doesNotMatch(page, /<script|<link|<img|<iframe|\bon[a-z]+=|\bsrc=|url\(|@import|style="/i);
});

Deno.test("the policy forbids everything but the one style sheet of the page", async () => {
  const stylesheet = /<style>([^]*)<\/style>/.exec(landingPage(information, relayUrl))?.[1];
  ok(stylesheet !== undefined);
  const bytes = new TextEncoder().encode(stylesheet);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toBase64();
  equal(
    await landingPagePolicy(),
    `default-src 'none'; style-src 'sha256-${hash}'; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
});

Deno.test("every NIP has a title of its own, short enough to stand in a column", () => {
  const titles = [...nipTitles.values()];
  equal(new Set(titles).size, titles.length);
  deepEqual(titles.filter((title) => title === "" || title.length > 28), []);
});

Deno.test("titles stand in the order of their NIPs", () => {
  const numbers = [...nipTitles.keys()];
  deepEqual(numbers, numbers.toSorted((a, b) => a - b));
});
