/**
 * What a person sees who opens the relay's address in a browser: one page without scripts and without
 * anything from elsewhere.
 *
 * @module
 */

import { utf8 } from "../base/bytes.ts";
import type { RelayInformation, RelayLimitation } from "./relay_information.ts";

/**
 * The page. Every value is escaped, also those of the operator's own settings: what a name may contain
 * is nobody's promise.
 *
 * @param relayUrl What to paste into a client: `wss://relay.example`.
 *
 * @example
 * ```ts
 * import { ok } from "node:assert/strict";
 * import { landingPage } from "./landing_page.ts";
 *
 * const page = landingPage({
 *   name: "Fish & Chips",
 *   software: "https://relay.example",
 *   version: "1.2.3",
 *   supportedNips: [1, 11],
 *   limitation: {},
 * }, "wss://relay.example");
 * ok(page.includes("<h1>Fish &amp; Chips</h1>"));
 * ```
 */
export function landingPage(information: RelayInformation, relayUrl: string): string {
  const name = information.name || "Nostr relay";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(name)}</title>
<style>${stylesheet}</style>
</head>
<body>
<main>
<h1>${escapeHtml(name)}</h1>
${paragraph(information.description)}
<p>This is a <a href="https://nostr.com">Nostr</a> relay. To use it, add this address to your client:</p>
<p class="address"><code>${escapeHtml(relayUrl)}</code></p>
${section("Supported NIPs", nipList(information.supportedNips))}
${section("Limits", rowTable(limitRows(information.limitation)))}
${section("About", rowTable(aboutRows(information)))}
</main>
</body>
</html>
`;
}

/**
 * The `Content-Security-Policy` under which the page is served: nothing may load or run, and the one
 * style sheet that applies is the one whose hash stands here.
 *
 * @example
 * ```ts
 * import { match } from "node:assert/strict";
 * import { landingPagePolicy } from "./landing_page.ts";
 *
 * match(await landingPagePolicy(), /^default-src 'none'; style-src 'sha256-/);
 * ```
 */
export async function landingPagePolicy(): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", utf8(stylesheet));
  const hash = new Uint8Array(digest).toBase64();
  return `default-src 'none'; style-src 'sha256-${hash}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

const stylesheet = `
:root { color-scheme: light dark; --ink: #1c1b1a; --paper: #fbfaf7; --soft: #6b675f; --line: #e2ded5;
  --field: #f1eee7; --link: #7a3e00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9e6df; --paper: #191816; --soft: #a09a8e; --line: #35322d; --field: #24221f;
    --link: #f0b070; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, sans-serif; }
main { max-width: 40rem; margin: 0 auto; padding: 3rem 1.25rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 0.5rem; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2.25rem 0 0.5rem; font-size: 1rem; color: var(--soft); }
a { color: var(--link); }
.description { white-space: pre-line; }
.address code { display: block; padding: 0.75rem 1rem; border: 1px solid var(--line);
  border-radius: 0.5rem; background: var(--field); font-size: 1.1rem; user-select: all; }
.nips { display: flex; flex-wrap: wrap; gap: 0.4rem; margin: 0; padding: 0; list-style: none; }
.nips a { display: block; min-width: 2.4rem; padding: 0.1rem 0.5rem; border-radius: 0.4rem;
  background: var(--field); text-align: center; text-decoration: none; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.35rem 0; border-top: 1px solid var(--line); text-align: left;
  vertical-align: top; font-weight: normal; }
th { width: 50%; padding-right: 1rem; color: var(--soft); }
`;

/** A row of a table: what it is, and its value as HTML. */
type Row = readonly [label: string, html: string];

function paragraph(text: string | undefined): string {
  return text ? `<p class="description">${escapeHtml(text)}</p>` : "";
}

function section(title: string, html: string): string {
  return html === "" ? "" : `<h2>${title}</h2>\n${html}`;
}

function nipList(nips: readonly number[]): string {
  if (nips.length === 0) return "";
  const items = nips.toSorted((a, b) => a - b).map((nip) => {
    const number = String(nip).padStart(2, "0");
    const href = `https://github.com/nostr-protocol/nips/blob/master/${number}.md`;
    return `<li><a href="${href}">${number}</a></li>`;
  });
  return `<ul class="nips">\n${items.join("\n")}\n</ul>`;
}

function rowTable(rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const lines = rows.map(([label, html]) =>
    `<tr><th scope="row">${label}</th><td>${html}</td></tr>`
  );
  return `<table>\n${lines.join("\n")}\n</table>`;
}

/** The limits in the words of a person who publishes; what is not limited has no row. */
function limitRows(limits: RelayLimitation): readonly Row[] {
  return presentRows([
    ["Message size", limits.maxMessageBytes, "bytes"],
    ["Event content", limits.maxContentLength, "characters"],
    ["Tags of an event", limits.maxEventTags, ""],
    ["Subscriptions of a connection", limits.maxSubscriptions, ""],
    ["Subscription id", limits.maxSubscriptionIdLength, "characters"],
    ["Events of one filter, at most", limits.maxLimit, ""],
    ["Events of a filter that sets no limit", limits.defaultLimit, ""],
    ["Oldest accepted event", limits.maxAgeSeconds, "seconds ago"],
    ["Newest accepted event", limits.maxFutureSeconds, "seconds ahead"],
    ["Proof of work", limits.minPowDifficulty || undefined, "bits"],
    ["Authentication", limits.authRequired ? "required" : undefined, ""],
    ["Payment", limits.paymentRequired ? "required" : undefined, ""],
    ["Publishing", limits.restrictedWrites ? "restricted" : undefined, ""],
  ]);
}

function presentRows(
  rows: readonly (readonly [string, number | string | undefined, string])[],
): readonly Row[] {
  const present: Row[] = [];
  for (const [label, value, unit] of rows) {
    if (value === undefined) continue;
    const text = typeof value === "number" ? value.toLocaleString("en-US") : value;
    present.push([label, escapeHtml(`${text} ${unit}`.trim())]);
  }
  return present;
}

function aboutRows(information: RelayInformation): readonly Row[] {
  const rows: Row[] = [];
  if (information.contact) rows.push(["Contact", linkTo(information.contact)]);
  if (information.pubkey) rows.push(["Operator's key", code(information.pubkey)]);
  if (information.self) rows.push(["Relay's key", code(information.self)]);
  if (information.termsOfService) rows.push(["Terms", linkTo(information.termsOfService)]);
  rows.push(["Software", linkTo(information.software)]);
  rows.push(["Version", escapeHtml(information.version)]);
  return rows;
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}

/** Schemes that a link may have. Anything else, `javascript:` above all, stays text. */
const linkSchemes = /^(?:https?|mailto):/i;

function linkTo(uri: string): string {
  const text = escapeHtml(uri);
  return linkSchemes.test(uri) ? `<a href="${text}" rel="nofollow noopener">${text}</a>` : text;
}

const htmlEntities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => htmlEntities[character] ?? character);
}
