/**
 * The relay over plain HTTP: who asks, at which path, by which method, gets what.
 *
 * A table of routes is all there is. HEAD is GET without the body, OPTIONS lists what a path can, and
 * everything that no route takes has a status of its own: 404, 405 or 426. A socket is never seen here;
 * `net` takes WebSocket handshakes before and brings the rest.
 *
 * @see RFC 9110 §9, §15
 * @module
 */

import { asksFor, negotiate } from "./accept.ts";
import { etagOf, namesEtag } from "./etag.ts";
import { type HealthCheck, healthResponse } from "./health.ts";
import { landingPage, landingPagePolicy } from "./landing_page.ts";
import {
  type RelayInformation,
  relayInformationJson,
  relayInformationType,
} from "./relay_information.ts";

/** One method of one path. */
export interface HttpRoute {
  /** In capitals. HEAD and OPTIONS need no route: they follow from the others. */
  readonly method: string;
  /** Compared as a whole with the URL's path: `/health`. */
  readonly path: string;
  /** Whether web pages from elsewhere may read the answer. Holds for the path if one method says so. */
  readonly crossOrigin: boolean;
  handle(request: Request): Response | Promise<Response>;
}

/** What the relay's HTTP side is made of. */
export interface HttpOptions {
  /** Asked for each request, so that a changed name or a feature turned off shows at once. */
  information(): RelayInformation;
  readonly healthy: HealthCheck;
  /**
   * The address that people paste into their client, when the operator has set it. Otherwise it is
   * made of the request's own URL, with `ws` for `http` and `wss` for `https`.
   */
  readonly relayUrl?: string;
  /** Further routes: metrics, management. The first route that fits is the one that is taken. */
  readonly routes?: readonly HttpRoute[];
}

/** Answers one HTTP request. Rejects only when a route's own code does. */
export type HttpHandler = (request: Request) => Promise<Response>;

/**
 * The relay's HTTP side: NIP-11 or the landing page at `/`, `/health`, and the routes given.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { createHttp } from "./router.ts";
 *
 * const http = createHttp({
 *   information: () => ({
 *     name: "example",
 *     software: "https://relay.example",
 *     version: "1.2.3",
 *     supportedNips: [1, 11],
 *     limitation: {},
 *   }),
 *   healthy: () => Promise.resolve(undefined),
 * });
 * const response = await http(
 *   new Request("http://relay.example/", { headers: { Accept: "application/nostr+json" } }),
 * );
 * equal((await response.json()).name, "example");
 * ```
 *
 * @see NIP-11
 */
export function createHttp(options: HttpOptions): HttpHandler {
  const routes: readonly HttpRoute[] = [
    ...(options.routes ?? []),
    { method: "GET", path: "/", crossOrigin: true, handle: (request) => home(request, options) },
    {
      method: "GET",
      path: "/health",
      crossOrigin: false,
      handle: () => healthResponse(options.healthy),
    },
  ];
  return async (request) => {
    const path = new URL(request.url).pathname;
    const candidates = routes.filter((route) => route.path === path);
    const response = await dispatch(request, candidates);
    return finish(response, {
      headOnly: request.method === "HEAD",
      crossOrigin: candidates.some((route) => route.crossOrigin),
      methods: allowedMethods(candidates),
    });
  };
}

/** The one decision: which of the routes of a path answers, or why none does. */
async function dispatch(request: Request, candidates: readonly HttpRoute[]): Promise<Response> {
  if (candidates.length === 0) return plain(404, "not found");
  const allow = allowedMethods(candidates);
  if (request.method === "OPTIONS") {
    return new Response(null, { status: 204, headers: { Allow: allow } });
  }
  const method = request.method === "HEAD" ? "GET" : request.method;
  const route = candidates.find((candidate) => candidate.method === method);
  if (route === undefined) return plain(405, "method not allowed", { Allow: allow });
  if (request.method === "GET" && wantsWebSocket(request)) return upgradeRequired();
  return await route.handle(request);
}

/** `GET, HEAD, OPTIONS` and whatever else the routes of a path take. */
function allowedMethods(candidates: readonly HttpRoute[]): string {
  const methods = new Set(candidates.map((route) => route.method));
  if (methods.has("GET")) methods.add("HEAD");
  methods.add("OPTIONS");
  return [...methods].sort().join(", ");
}

/** The relay's own document, for a client or for a person. */
async function home(request: Request, options: HttpOptions): Promise<Response> {
  const type = homeType(request.headers.get("Accept"));
  const information = options.information();
  const isPage = type === "text/html";
  const body = isPage
    ? landingPage(information, options.relayUrl ?? relayUrlOf(request.url))
    : relayInformationJson(information);
  const headers = new Headers({
    // Kept, but asked for again each time: what the document says may change at any moment.
    "Cache-Control": "no-cache",
    "ETag": await etagOf(body),
    "Vary": "Accept",
  });
  if (namesEtag(request.headers.get("If-None-Match"), headers.get("ETag") ?? "")) {
    return new Response(null, { status: 304, headers });
  }
  headers.set("Content-Type", isPage ? "text/html; charset=utf-8" : type);
  if (isPage) headers.set("Content-Security-Policy", await landingPagePolicy());
  return new Response(body, { headers });
}

/**
 * No browser asks for `application/nostr+json`, so whoever does, beside whatever else and at whatever
 * weight, came for the document. All others are served by their weights; who wants neither gets the
 * page, as RFC 9110 §12.5.1 allows: the server may "disregard the header field".
 */
function homeType(accept: string | null): string {
  if (asksFor(accept, relayInformationType)) return relayInformationType;
  return negotiate(accept, ["text/html", "application/json"]) ?? "text/html";
}

function relayUrlOf(requestUrl: string): string {
  const url = new URL(requestUrl);
  return `${url.protocol === "https:" ? "wss" : "ws"}://${url.host}`;
}

function wantsWebSocket(request: Request): boolean {
  return request.headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/**
 * A handshake that `net` did not recognise as one. The header names the version that would work.
 *
 * @see RFC 6455 §4.4
 */
function upgradeRequired(): Response {
  return plain(426, "this WebSocket handshake is not valid; RFC 6455, version 13, is spoken here", {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
  });
}

function plain(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", ...headers },
  });
}

/** What {@link finish} needs to know of the request. */
interface Finish {
  readonly headOnly: boolean;
  readonly crossOrigin: boolean;
  readonly methods: string;
}

/** Gives every response the headers that all of them carry, unless its route chose its own. */
function finish(response: Response, { headOnly, crossOrigin, methods }: Finish): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(securityHeaders)) {
    if (!headers.has(name)) headers.set(name, value);
  }
  if (crossOrigin) {
    headers.set("Access-Control-Allow-Origin", "*");
    // A wildcard does not cover `Authorization` (Fetch Standard, CORS protocol), which NIP-98 uses.
    headers.set("Access-Control-Allow-Headers", "*, Authorization");
    headers.set("Access-Control-Allow-Methods", methods);
  }
  return new Response(headOnly ? null : response.body, { status: response.status, headers });
}

const securityHeaders: Readonly<Record<string, string>> = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};
