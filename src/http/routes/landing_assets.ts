/**
 * The style sheet, the script and the drawing of the relay's page.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";

/** The style sheet. */
export const stylesheet = `
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
.banner { display: block; width: 100%; height: auto; max-height: 12rem; object-fit: cover;
  border-radius: 0.4rem; margin-bottom: 1.5rem; }
.icon { width: clamp(4.5rem, 18vw, 6.5rem); height: auto; border-radius: 0.4rem; }
.description { white-space: pre-line; font-size: 1.1rem; }
.address code { display: block; padding: 0.9rem 1.1rem; border: 1px solid var(--line);
  border-left: 4px solid var(--accent); border-radius: 0.4rem; background: var(--field);
  font-size: clamp(1rem, 4.5vw, 1.25rem); -webkit-user-select: all; user-select: all; }
.address { display: flex; flex-wrap: wrap; align-items: center; gap: 0.75rem 1rem; }
.address code { flex: 1 1 18rem; }
.address figure { margin: 0; padding: 0.35rem; background: #fff; border: 1px solid var(--line);
  border-radius: 0.4rem; line-height: 0; }
.address figure svg { width: 7rem; height: 7rem; color: #000; }
button { font: inherit; padding: 0.55rem 1rem; border: 1px solid var(--line); border-radius: 0.4rem;
  background: var(--field); color: var(--ink); cursor: pointer; }
button:hover { border-color: var(--accent); }
button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.activity { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; margin: 1rem 0; }
.activity dt { color: var(--soft); line-height: 1.3; }
.activity dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; line-height: 1.3; }
.activity div { display: flex; flex-direction: column-reverse; min-width: 7rem; }
.notes { margin: 0; padding: 0; list-style: none; }
.notes li { padding: 0.6rem 0; border-top: 1px solid var(--line); }
.notes p { margin: 0; white-space: pre-line; }
.notes time { color: var(--soft); font-size: 0.875rem; }
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

/**
 * The script: a button that copies the address, counters, and the latest notes. Whatever comes from
 * the network is set as text, never as HTML. Without it the page lacks these three and nothing else.
 */
export const script = `
"use strict";
const main = document.querySelector("main");
const { address, noteCount, showsActivity } = main.dataset;

const button = document.getElementById("copy");
button.hidden = false;
button.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(address);
    button.textContent = "Copied";
  } catch {
    // Without TLS there is no clipboard: the address is selected instead.
    getSelection().selectAllChildren(document.getElementById("address"));
    button.textContent = "Selected";
  }
  setTimeout(() => button.textContent = "Copy", 2000);
});

const showActivity = async () => {
  if (document.hidden) return;
  const response = await fetch("?activity").catch(() => undefined);
  if (response === undefined || !response.ok) return;
  for (const [name, count] of Object.entries(await response.json())) {
    const place = document.getElementById(name);
    if (place !== null) place.textContent = count.toLocaleString("en-US");
  }
  document.getElementById("activity").hidden = false;
};
if (showsActivity === "true") {
  showActivity();
  setInterval(showActivity, 5000);
}

const notes = [];
const showNote = (event) => {
  if (typeof event.content !== "string" || !Number.isInteger(event.created_at)) return;
  notes.push(event);
  notes.sort((a, b) => b.created_at - a.created_at);
  notes.splice(Number(noteCount));
  document.getElementById("latest").hidden = false;
  document.getElementById("notes").replaceChildren(...notes.map(({ content, created_at }) => {
    const item = document.createElement("li");
    const text = document.createElement("p");
    text.textContent = content.length > 500 ? content.slice(0, 500) + "…" : content;
    const time = document.createElement("time");
    time.textContent = new Date(created_at * 1000).toLocaleString();
    item.append(text, time);
    return item;
  }));
};
if (Number(noteCount) > 0) {
  const socket = new WebSocket(address);
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify(["REQ", "page", { kinds: [1], limit: Number(noteCount) }]));
  });
  socket.addEventListener("message", ({ data }) => {
    const [verb, , event] = JSON.parse(data);
    if (verb === "EVENT") showNote(event);
  });
}
`;

/** A running Gallimimus. */
export const drawing =
  `<svg viewBox="0 0 92 64" aria-hidden="true" fill="none" stroke="currentColor"
 stroke-linecap="round" stroke-linejoin="round">
<path fill="currentColor" stroke="none" d="M2 25C14 28 24 24 36 21C44 19 50 20 55 23C61 24 63 18 64 12
C65 6 69 3 74 4C79 5 83 8 87 11C83 12.5 79 12.5 75 12.5C72 13 71 16 70.5 20C69.5 29 66 36 58 40
C50 43 41 42 36 36C28 33 14 32 2 25Z"/>
<path stroke-width="3" d="M42 38L46 46L36 52L29 60L34 61M51 39L61 43L57 53L63 60L69 60"/>
<path stroke-width="2" d="M62 34L68 39L66 43"/>
</svg>`;

/** The drawing as the icon of the browser's tab. */
export const faviconUrl = `data:image/svg+xml,${
  encodeURIComponent(
    drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" color="#8a4708" '),
  )
}`;

const hashes = Promise.all([hashOf(stylesheet), hashOf(script)]);

/**
 * The `Content-Security-Policy` of the page: this style sheet and this script, known by their hashes,
 * connections and pictures of the page's own origin, connections to the relay's URL, and nothing else.
 *
 * @param relayUrl Default: one of the page's own origin.
 */
export async function landingPagePolicy(relayUrl?: string): Promise<string> {
  const [styleHash, scriptHash] = await hashes;
  const relay = relayUrl === undefined ? "" : ` ${new URL("/", relayUrl).href}`;
  return `default-src 'none'; style-src '${styleHash}'; script-src '${scriptHash}'; ` +
    `img-src 'self' data:; connect-src 'self'${relay}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", utf8(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}
