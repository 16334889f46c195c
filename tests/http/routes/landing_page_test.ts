import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { landingPagePolicy } from "../../../src/http/routes/landing_assets.ts";
import { landingPage, nipTitles } from "../../../src/http/routes/landing_page.ts";
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

/** The page of a relay with the given document. */
function pageOf(information: RelayInformation): string {
  return landingPage({ information, relayUrl, showsActivity: false, noteCount: 0 });
}

Deno.test("the page tells the name, the address, the NIPs, the limits and the version", () => {
  const page = pageOf(information);
  match(page, /<title>example<\/title>/);
  match(page, /<h1>example<\/h1>/);
  match(page, /A relay for examples\./);
  match(page, /<code id="address">wss:\/\/relay\.example<\/code>/);
  match(page, /nips\/blob\/master\/01\.md">01<[^]*nips\/blob\/master\/42\.md">42</);
  match(page, /Message size<\/th><td>524,288 bytes</);
  match(page, /Clients have to authenticate \(NIP-42\)/);
  match(page, /1\.2\.3/);
});

Deno.test("what is not set has no place on the page", () => {
  const page = pageOf({ software: "x", version: "1", supportedNips: [], limitation: {} });
  match(page, /<h1>Nostr relay<\/h1>/);
  doesNotMatch(page, /Limits|Supported NIPs|Contact|>undefined|<figure>/);
});

Deno.test("a limit that limits nothing has no row", () => {
  const limitation = { minPowDifficulty: 0, authRequired: false, restrictedWrites: false };
  doesNotMatch(pageOf({ ...information, limitation }), /Limits|[Pp]roof|Not everybody/);
});

Deno.test("a contact that is no web or mail address stays text", () => {
  const page = pageOf({ ...information, contact: "javascript:alert(1)" });
  match(page, /<td>javascript:alert\(1\)<\/td>/);
  doesNotMatch(page, /href="javascript/);
});

Deno.test("a link goes to the whole address and shows what a person reads of it", () => {
  const page = pageOf(information);
  match(page, /href="mailto:operator@relay\.example"[^>]*>operator@relay\.example</);
  match(page, /href="https:\/\/relay\.example\/terms"[^>]*>relay\.example\/terms</);
});

Deno.test("a NIP stands with its title, and one without a title with its number", () => {
  const page = pageOf({ ...information, supportedNips: [1, 9999] });
  match(page, /">01<\/a>Basic protocol<\/li>/);
  match(page, /9999\.md">9999<\/a><\/li>/);
});

Deno.test("a duration is told in the largest unit that needs no rounding", () => {
  const told = (maxAgeSeconds: number) =>
    /Oldest accepted event<\/th><td>([^<]*)</.exec(
      pageOf({ ...information, limitation: { maxAgeSeconds } }),
    )?.[1];
  equal(told(94_608_000), "1,095 days ago");
  equal(told(86_400), "1 day ago");
  equal(told(7_200), "2 hours ago");
  equal(told(900), "15 minutes ago");
  equal(told(61), "61 seconds ago");
  equal(told(1), "1 second ago");
});

Deno.test("the address is selected whole", () => {
  match(pageOf(information), /\.address code \{[^}]* user-select: all;/);
});

/** How many tags, comments and attributes quotes there are: what an unescaped value would change. */
const markup = (page: string) => page.replace(/[^<>"]/g, "").length;

Deno.test("no value adds markup, whatever it holds", () => {
  const hostile = fc.string({ unit: fc.constantFrom("<", ">", '"', "'", "&", "a", "/", "!", "-") });
  const withAll = (text: string) =>
    landingPage({
      information: {
        ...information,
        name: `n${text}`,
        description: `d${text}`,
        contact: `https://${text}`,
        pubkey: `p${text}`,
        self: `s${text}`,
        termsOfService: `https://${text}`,
        software: `https://${text}`,
        version: `v${text}`,
        icon: `https://relay.example/${text}`,
        banner: `https://relay.example/${text}`,
      },
      relayUrl: `wss://relay.example/${text}`,
      showsActivity: true,
      noteCount: 3,
    });
  const expected = markup(withAll(""));
  fc.assert(fc.property(hostile, (text) => equal(markup(withAll(text)), expected)));
});

Deno.test("the page has one script and loads nothing from elsewhere", () => {
  const page = pageOf({
    ...information,
    icon: "https://tracker.example/icon.png",
    banner: "https://[",
  });
  equal(page.match(/<script/g)?.length, 1);
  doesNotMatch(page, /<img|<iframe|\bon[a-z]+=|\bsrc=|url\(|@import|style="|tracker/i);
});

Deno.test("pictures of the relay's own host are on the page", () => {
  const page = pageOf({
    ...information,
    icon: "https://relay.example/icon.png",
    banner: "https://relay.example/banner.jpg",
  });
  match(page, /<img class="icon" src="\/icon.png" alt="">/);
  match(page, /<img class="banner" src="\/banner.jpg" alt="">/);
});

Deno.test("who may do what is said in sentences", () => {
  match(
    pageOf({ ...information, limitation: {} }),
    /Everybody may publish here\.[^]*Reading needs no/,
  );
  const strict = pageOf({
    ...information,
    supportedNips: [17],
    limitation: { authRequired: true, restrictedWrites: true, minPowDifficulty: 20 },
  });
  match(
    strict,
    /Not everybody may publish[^]*authenticate \(NIP-42\)[^]*Private messages[^]*20 bits/,
  );
  doesNotMatch(strict, /Everybody may publish|Reading needs no/);
});

Deno.test("counters and notes have a place only where they are shown", () => {
  doesNotMatch(pageOf(information), /id="(?:activity|latest)"/);
  const page = landingPage({ information, relayUrl, showsActivity: true, noteCount: 5 });
  match(page, /id="activity"[^]*id="connections"[^]*id="subscriptions"[^]*id="events"/);
  match(page, /data-note-count="5"[^]*id="latest"/);
});

Deno.test("the policy allows the style sheet and the script of the page, and its own origin", async () => {
  const page = pageOf(information);
  const hashes = await Promise.all(["style", "script"].map(async (element) => {
    const content = new RegExp(`<${element}>([^]*)</${element}>`).exec(page)?.[1];
    ok(content !== undefined);
    const bytes = new TextEncoder().encode(content);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toBase64();
  }));
  const policy = `default-src 'none'; style-src 'sha256-${hashes[0]}'; ` +
    `script-src 'sha256-${hashes[1]}'; img-src 'self' data:; connect-src 'self'`;
  const rest = "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  equal(await landingPagePolicy(), policy + rest);
  equal(await landingPagePolicy(`${relayUrl}/path`), `${policy} wss://relay.example/${rest}`);
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
