/**
 * The relay's page for browsers. It needs no script and loads nothing from other hosts.
 *
 * @module
 */

import { drawing, faviconUrl, script, stylesheet } from "./landing_assets.ts";
import type { RelayInformation, RelayLimitation } from "./relay_information.ts";

/** What the page shows. */
export interface LandingPage {
  readonly information: RelayInformation;
  /** The URL for clients: `wss://relay.example`. */
  readonly relayUrl: string;
  /** The URL as a QR code, an SVG. Default: none. */
  readonly qrCode?: string | undefined;
  /** Whether the page shows how much is going on. */
  readonly showsActivity: boolean;
  /** How many of the latest notes it shows. */
  readonly noteCount: number;
}

/** Renders the page. Every value is escaped, the operator's settings too. */
export function landingPage(page: LandingPage): string {
  const { information, relayUrl } = page;
  const name = information.name || "Nostr relay";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(name)}</title>
<link rel="icon" href="${faviconUrl}">
<style>${stylesheet}</style>
</head>
<body>
<main data-address="${escapeHtml(relayUrl)}" data-note-count="${page.noteCount}"
 data-shows-activity="${page.showsActivity}">
${picture("banner", information.banner, page)}<header>
<h1>${escapeHtml(name)}</h1>
${picture("icon", information.icon, page) || drawing}
</header>
${paragraph(information.description)}
<p>This is a <a href="https://nostr.com">Nostr</a> relay. To use it, add its address to your client:</p>
<div class="address">
<code id="address">${escapeHtml(relayUrl)}</code>
<button id="copy" type="button" hidden>Copy</button>
${page.qrCode ? `<figure>${page.qrCode}</figure>` : ""}
</div>
${page.showsActivity ? activity : ""}
${section("Who may do what", policyList(information))}
${section("Limits", rowTable("limits", limitRows(information.limitation)))}
${section("Supported NIPs", nipList(information.supportedNips))}
${section("About", rowTable("about", aboutRows(information)))}
${page.noteCount > 0 ? latestNotes : ""}
</main>
<script>${script}</script>
</body>
</html>
`;
}

/** Filled in and shown by the script. */
const activity = `<dl id="activity" class="activity" hidden>
<div><dt>connections</dt><dd id="connections"></dd></div>
<div><dt>subscriptions</dt><dd id="subscriptions"></dd></div>
<div><dt>events received since the start</dt><dd id="events"></dd></div>
</dl>`;

/** Filled in and shown by the script. */
const latestNotes = `<section id="latest" hidden>
<h2>Latest notes</h2>
<ol id="notes" class="notes"></ol>
</section>`;

/** A picture of the relay's own host. Those of other hosts would tell them who looks at the page. */
function picture(className: string, url: string | undefined, { relayUrl }: LandingPage): string {
  // Whoever manages the relay may have set anything.
  const parsed = URL.parse(url ?? "");
  if (parsed === null || parsed.host !== URL.parse(relayUrl)?.host) return "";
  return `<img class="${className}" src="${escapeHtml(parsed.pathname)}" alt="">\n`;
}

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

/** The limits that decide who may do what, as sentences. */
function policyList({ limitation: limits, supportedNips }: RelayInformation): string {
  const sentences = [
    limits.restrictedWrites
      ? "Not everybody may publish here, or not every event is accepted."
      : "Everybody may publish here.",
    limits.authRequired
      ? "Clients have to authenticate (NIP-42) before anything else."
      : "Reading needs no authentication.",
    supportedNips.includes(17)
      ? "Private messages are served to their author and recipients only, after authentication (NIP-42)."
      : "",
    limits.paymentRequired ? "Payment is required." : "",
    limits.minPowDifficulty
      ? `Events need proof of work of ${limits.minPowDifficulty} bits (NIP-13).`
      : "",
  ];
  const items = sentences.filter((sentence) => sentence !== "").map((text) => `<li>${text}</li>`);
  return `<ul>\n${items.join("\n")}\n</ul>`;
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
