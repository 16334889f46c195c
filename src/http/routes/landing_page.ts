/**
 * The relay's page for browsers, without scripts and external resources.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { RelayInformation, RelayLimitation } from "./relay_information.ts";

/**
 * Renders the page. Every value is escaped, the operator's settings too.
 *
 * @param relayUrl the URL for clients: `wss://relay.example`
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
<header>
<h1>${escapeHtml(name)}</h1>
${drawing}
</header>
${paragraph(information.description)}
<p>This is a <a href="https://nostr.com">Nostr</a> relay. To use it, add its address to your client:</p>
<p class="address"><code>${escapeHtml(relayUrl)}</code></p>
${section("Supported NIPs", nipList(information.supportedNips))}
${section("Limits", rowTable("limits", limitRows(information.limitation)))}
${section("About", rowTable("about", aboutRows(information)))}
</main>
</body>
</html>
`;
}

/**
 * The `Content-Security-Policy` of the page: nothing may load or run except the style sheet with
 * this hash.
 */
export async function landingPagePolicy(): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", utf8(stylesheet));
  const hash = new Uint8Array(digest).toBase64();
  return `default-src 'none'; style-src 'sha256-${hash}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

const stylesheet = `
:root { color-scheme: light dark; --ink: #211f1b; --paper: #fcfbf8; --soft: #696358; --line: #e6e1d6;
  --field: #f4f1e9; --accent: #8a4708; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ebe7df; --paper: #181714; --soft: #a69f92; --line: #34302a; --field: #23211d;
    --accent: #eeb06c; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, sans-serif; }
main { max-width: 42rem; margin: 0 auto; padding: clamp(1.75rem, 6vw, 4rem) 1.25rem;
  overflow-wrap: anywhere; }
header { display: flex; align-items: flex-end; justify-content: space-between; gap: 1.5rem; }
h1 { margin: 0; font-size: clamp(1.75rem, 6vw, 2.5rem); line-height: 1.15; letter-spacing: -0.02em;
  text-wrap: balance; }
h2 { margin: 2.5rem 0 0.6rem; font-size: 1.1rem; line-height: 1.3; }
p { margin: 1rem 0; }
a { color: var(--accent); text-underline-offset: 0.15em; text-decoration-thickness: 0.06em; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
svg { flex: none; width: clamp(4.5rem, 18vw, 6.5rem); height: auto; color: var(--accent); }
.description { white-space: pre-line; font-size: 1.1rem; }
.address code { display: block; padding: 0.9rem 1.1rem; border: 1px solid var(--line);
  border-left: 4px solid var(--accent); border-radius: 0.4rem; background: var(--field);
  font-size: clamp(1rem, 4.5vw, 1.25rem); -webkit-user-select: all; user-select: all; }
.nips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(12rem, 45%), 1fr));
  gap: 0 1rem; margin: 0; padding: 0; list-style: none; }
.nips li { display: flex; gap: 0.5rem; padding: 0.35rem 0; border-top: 1px solid var(--line);
  line-height: 1.45; }
.nips a { flex: none; min-width: 1.8em; }
table { width: 100%; border-collapse: collapse; line-height: 1.45; }
th, td { padding: 0.35rem 0; border-top: 1px solid var(--line); text-align: left;
  vertical-align: top; font-weight: normal; }
th { width: 50%; padding-right: 1.25rem; color: var(--soft); overflow-wrap: normal; }
.about th { width: 30%; }
td code { font-size: 0.875em; -webkit-user-select: all; user-select: all; }
.nips a, td { font-variant-numeric: tabular-nums; }
`;

/** A running Gallimimus. */
const drawing = `<svg viewBox="0 0 92 64" aria-hidden="true" fill="none" stroke="currentColor"
 stroke-linecap="round" stroke-linejoin="round">
<path fill="currentColor" stroke="none" d="M2 25C14 28 24 24 36 21C44 19 50 20 55 23C61 24 63 18 64 12
C65 6 69 3 74 4C79 5 83 8 87 11C83 12.5 79 12.5 75 12.5C72 13 71 16 70.5 20C69.5 29 66 36 58 40
C50 43 41 42 36 36C28 33 14 32 2 25Z"/>
<path stroke-width="3" d="M42 38L46 46L36 52L29 60L34 61M51 39L61 43L57 53L63 60L69 60"/>
<path stroke-width="2" d="M62 34L68 39L66 43"/>
</svg>`;

/** A table row: its label, and its value as HTML. */
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
    return `<li><a href="${href}">${number}</a>${nipTitles.get(nip) ?? ""}</li>`;
  });
  return `<ul class="nips">\n${items.join("\n")}\n</ul>`;
}

/** Short titles of NIPs, by number. Others are shown by number alone. */
export const nipTitles: ReadonlyMap<number, string> = new Map([
  [1, "Basic protocol"],
  [2, "Follow lists"],
  [4, "Encrypted messages, old form"],
  [5, "Names by domain"],
  [9, "Deletion requests"],
  [11, "Relay information"],
  [13, "Proof of work"],
  [17, "Private messages"],
  [22, "Comments"],
  [28, "Public chat"],
  [29, "Groups"],
  [40, "Expiring events"],
  [42, "Authentication"],
  [43, "Membership"],
  [45, "Counting"],
  [50, "Search"],
  [59, "Gift wrap"],
  [62, "Requests to vanish"],
  [65, "Relay lists"],
  [66, "Relay discovery"],
  [67, "Completeness hints"],
  [70, "Protected events"],
  [77, "Negentropy sync"],
  [86, "Management API"],
  [98, "HTTP authentication"],
]);

function rowTable(className: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const lines = rows.map(([label, html]) =>
    `<tr><th scope="row">${label}</th><td>${html}</td></tr>`
  );
  return `<table class="${className}">\n${lines.join("\n")}\n</table>`;
}

/** The limits that are set, labelled for people. */
function limitRows(limits: RelayLimitation): readonly Row[] {
  return presentRows([
    ["Message size", limits.maxMessageBytes, "bytes"],
    ["Event content", limits.maxContentLength, "characters"],
    ["Tags of an event", limits.maxEventTags, ""],
    ["Subscriptions of a connection", limits.maxSubscriptions, ""],
    ["Subscription id", limits.maxSubscriptionIdLength, "characters"],
    ["Events of one filter, at most", limits.maxLimit, ""],
    ["Events of a filter that sets no limit", limits.defaultLimit, ""],
    ["Oldest accepted event", duration(limits.maxAgeSeconds), "ago"],
    ["Newest accepted event", duration(limits.maxFutureSeconds), "ahead"],
    ["Proof of work", limits.minPowDifficulty || undefined, "bits"],
    ["Authentication", limits.authRequired ? "required" : undefined, ""],
    ["Payment", limits.paymentRequired ? "required" : undefined, ""],
    ["Publishing", limits.restrictedWrites ? "restricted" : undefined, ""],
  ]);
}

const timeUnits: readonly (readonly [unit: string, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** In the largest unit that gives an integer. */
function duration(seconds: number | undefined): string | undefined {
  if (seconds === undefined) return undefined;
  const [unit, size] = timeUnits.find(([, size]) => seconds % size === 0) ?? ["second", 1];
  const count = seconds / size;
  return `${count.toLocaleString("en-US")} ${unit}${count === 1 ? "" : "s"}`;
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

/** Schemes that become links. Anything else, `javascript:` above all, stays text. */
const linkSchemes = /^(?:https?:\/\/|mailto:)/i;

/** A link whose text is the URI without its scheme. */
function linkTo(uri: string): string {
  if (!linkSchemes.test(uri)) return escapeHtml(uri);
  const text = escapeHtml(uri.replace(linkSchemes, ""));
  return `<a href="${escapeHtml(uri)}" rel="nofollow noopener">${text}</a>`;
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
