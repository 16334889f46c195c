/**
 * The relay over plain HTTP: who asks, at which path, by which method, gets what.
 *
 * A table of routes, on a Hono application: it finds the route, compares entity tags
 * and sets the headers of CORS and security. What no route takes has a status of its own: 404, 405 or
 * 426, and OPTIONS lists what a path can. A socket is never seen here; `net` takes WebSocket handshakes
 * before and brings the rest.
 *
 * @see RFC 9110 §9, §15
 * @module
 */

import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import { asksFor, negotiate } from "./accept.ts";
import { endpointUrl, isEndpointPath } from "./endpoint_path.ts";
import { type HealthCheck, healthResponse } from "./routes/health.ts";
import { landingPage, landingPagePolicy } from "./routes/landing_page.ts";
import {
  type RelayInformation,
  relayInformationJson,
  relayInformationType,
} from "./routes/relay_information.ts";

/** One method of one path. */
export interface HttpRoute {
  /** In capitals. HEAD and OPTIONS need no route: they follow from the others. */
  readonly method: string;
  /** A path of Hono. Without its `:name` and `*` it is compared as a whole: `/health`. */
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
  /** Where the relay is: the path of the document and the page. `/` if not given. */
  readonly path?: string;
  /** Further routes: metrics, management. The first route that fits is the one that is taken. */
  readonly routes?: readonly HttpRoute[];
}

/** Answers one HTTP request. Rejects only when a route's own code does. */
export type HttpHandler = (request: Request) => Promise<Response>;

/**
 * The relay's HTTP side: NIP-11 or the landing page at the relay's path, `/health`, and the routes given.
 *
 * @see NIP-11
 */
export function createHttp(options: HttpOptions): HttpHandler {
  const app = new Hono();
  app.use(securityHeaders);
  app.use("/", entityTags);
  const routes = [...(options.routes ?? []), ...ownRoutes(options)];
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    servePath(app, path, group);
  }
  app.notFound(() => plain(404, "not found"));
  // Hono would print the error and answer 500. What is said of a fault is the caller's to decide.
  app.onError((error) => {
    throw error;
  });
  return async (request) => {
    const found = locate(request, options.path ?? "/");
    if (found.method !== "HEAD") return await app.fetch(found);
    return await headOf(await app.fetch(new Request(found, { method: "GET" })));
  };
}

/** The relay's own path is the root of the routes; the server's root is then nobody's. */
function locate(request: Request, path: string): Request {
  if (path === "/") return request;
  const url = new URL(request.url);
  if (isEndpointPath(url.pathname, path)) url.pathname = "/";
  else if (url.pathname === "/") url.pathname = "/not-here";
  else return request;
  return new Request(url, request);
}

/**
 * The same header fields as GET has, the length among them, without the body.
 *
 * @see RFC 9110 §9.3.2
 */
async function headOf(response: Response): Promise<Response> {
  const length = (await response.arrayBuffer()).byteLength;
  const head = new Response(null, response);
  const isBodiless = response.status === 204 || response.status === 304;
  if (!isBodiless) head.headers.set("Content-Length", String(length));
  return head;
}

/** Sets what every answer carries, unless its route chose its own. */
const securityHeaders = secureHeaders({
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  xFrameOptions: "DENY",
  // It would bind the whole domain and all below it to TLS. That is for whoever holds the certificate.
  strictTransportSecurity: false,
  overwrite: false,
});

/**
 * Lets a client that has the document already be told so in a few bytes. The tags are weak, as a proxy
 * that compresses on the way must not make them lies.
 *
 * @see RFC 9110 §8.8.1, §13.1.2
 */
const entityTags = etag({
  weak: true,
  retainedHeaders: [
    ...RETAINED_304_HEADERS,
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin",
    // "The cache MUST update its header fields with the header fields provided in the 304 (Not
    // Modified) response", RFC 9111 §4.3.4: without it the stored page would get the strictest one.
    "Content-Security-Policy",
  ],
});

function ownRoutes(options: HttpOptions): readonly HttpRoute[] {
  return [
    { method: "GET", path: "/", crossOrigin: true, handle: (request) => home(request, options) },
    {
      method: "GET",
      path: "/health",
      crossOrigin: false,
      handle: () => healthResponse(options.healthy),
    },
  ];
}

/** Adds one path: its routes in order, and an answer for every method that none of them takes. */
function servePath(app: Hono, path: string, routes: readonly HttpRoute[]): void {
  const methods = allowedMethods(routes);
  const allow = methods.join(", ");
  if (routes.some((route) => route.crossOrigin)) app.use(path, ...crossOrigin(methods));
  app.get(path, refuseHandshake);
  for (const route of routes) {
    app.on(route.method, path, async (context) => {
      const response = await route.handle(context.req.raw);
      // A copy takes headers even where the original is one of `fetch` or `Response.redirect`.
      return new Response(response.body, response);
    });
  }
  app.options(path, () => new Response(null, { status: 204, headers: { Allow: allow } }));
  app.all(path, () => plain(405, "method not allowed", { Allow: allow }));
}

/** `GET`, `HEAD`, `OPTIONS` and whatever else the routes of a path take. */
function allowedMethods(routes: readonly HttpRoute[]): string[] {
  const methods = new Set(routes.map((route) => route.method));
  if (methods.has("GET")) methods.add("HEAD");
  methods.add("OPTIONS");
  return [...methods].sort();
}

/** Opens a path to web pages from everywhere. */
function crossOrigin(methods: string[]): readonly MiddlewareHandler[] {
  return [
    async (context, next) => {
      await next();
      // CORS has the first two in preflights alone; NIP-11 asks for them on the document as well.
      context.header("Access-Control-Allow-Headers", crossOriginHeaders.join(", "));
      context.header("Access-Control-Allow-Methods", methods.join(", "));
      if (context.req.method === "OPTIONS") context.header("Allow", methods.join(", "));
    },
    cors({ allowHeaders: crossOriginHeaders, allowMethods: methods }),
  ];
}

/** A wildcard does not cover `Authorization` (Fetch Standard, CORS protocol), which NIP-98 uses. */
const crossOriginHeaders = ["*", "Authorization"];

/**
 * Answers a handshake that `net` did not recognise as one. The header names the version that would work.
 *
 * @see RFC 6455 §4.4
 */
const refuseHandshake: MiddlewareHandler = async (context, next) => {
  if (context.req.header("Upgrade")?.toLowerCase() !== "websocket") return await next();
  return plain(426, "this WebSocket handshake is not valid; RFC 6455, version 13, is spoken here", {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
  });
};

/** The relay's own document, for a client or for a person. */
async function home(request: Request, options: HttpOptions): Promise<Response> {
  const type = homeType(request.headers.get("Accept"));
  const information = options.information();
  const isPage = type === "text/html";
  const body = isPage
    ? landingPage(information, options.relayUrl ?? relayUrlOf(request.url, options.path ?? "/"))
    : relayInformationJson(information);
  const headers = new Headers({
    // Kept, but asked for again each time: what the document says may change at any moment.
    "Cache-Control": "no-cache",
    "Content-Type": isPage ? "text/html; charset=utf-8" : type,
    "Vary": "Accept",
  });
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

function relayUrlOf(requestUrl: string, path: string): string {
  const url = new URL(requestUrl);
  return endpointUrl(`${url.protocol === "https:" ? "wss" : "ws"}://${url.host}`, path);
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
