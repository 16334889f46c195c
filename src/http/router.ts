/**
 * Routes the relay's HTTP requests.
 *
 * A table of routes on a Hono application, which matches routes, compares entity tags and sets the
 * CORS and security headers. A request that no route handles gets 404, 405 or 426, and OPTIONS
 * lists the methods of a path. WebSocket handshakes do not get here: `net` handles them.
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
import { healthResponse, type ReadyCheck, readyResponse } from "./routes/health.ts";
import { landingPagePolicy } from "./routes/landing_assets.ts";
import { type LandingPage, landingPage } from "./routes/landing_page.ts";
import {
  type RelayInformation,
  relayInformationJson,
  relayInformationType,
} from "./routes/relay_information.ts";

/** A route: one method of one path. */
export interface HttpRoute {
  /** Upper case. HEAD and OPTIONS are derived from the other methods. */
  readonly method: string;
  /** A Hono path. Without `:name` and `*` it matches exactly: `/health`. */
  readonly path: string;
  /** Whether CORS is enabled. One route enables it for its whole path. */
  readonly crossOrigin: boolean;
  handle(request: Request): Response | Promise<Response>;
}

/** Options of {@link createHttp}. */
export interface HttpOptions {
  /** Called for each request, so that changes show at once. */
  information(): RelayInformation;
  /** For `/ready`. */
  readonly ready: ReadyCheck;
  /**
   * The relay's URL on the landing page. Default: the URL of the request, with `ws` for `http` and
   * `wss` for `https`.
   */
  readonly relayUrl?: () => string | undefined;
  /** What the landing page shows besides the document. Default: nothing. */
  page?(): Pick<LandingPage, "showsActivity" | "noteCount">;
  /** The QR code on the landing page. Default: none. */
  qrCode?(): Promise<string> | undefined;
  /** Counts for the landing page by the ids of their places. */
  activity?(): Readonly<Record<"connections" | "subscriptions" | "events", number>>;
  /** The path of the document and the landing page. Default: `/`. */
  readonly path?: string;
  /** Further routes, such as metrics and management. The first match wins. */
  readonly routes?: readonly HttpRoute[];
}

/** Answers one HTTP request. Rejects only when a route does. */
export type HttpHandler = (request: Request) => Promise<Response>;

/**
 * Creates the HTTP handler: NIP-11 or the landing page at the relay's path, `/health`,
 * `/ready`, and the given routes.
 *
 * @see NIP-11
 */
export function createHttp(options: HttpOptions): HttpHandler {
  const relayPath = options.path ?? "/";
  const app = new Hono({ getPath: (request) => routedPath(request, relayPath) });
  app.use(securityHeaders);
  app.use("/", entityTags);
  const routes = [...(options.routes ?? []), ...ownRoutes(options)];
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    servePath(app, path, group);
  }
  app.notFound(() => plain(404, "not found"));
  // Hono would print the error and answer 500. The caller decides instead.
  app.onError((error) => {
    throw error;
  });
  return async (request) => {
    if (request.method !== "HEAD") return await app.fetch(request);
    return await headOf(await app.fetch(new Request(request, { method: "GET" })));
  };
}

/**
 * The path by which a request is routed: the relay's own is the root route, and the server's root is
 * then not found. The URL of the request stays what the client sent, which NIP-98 signs.
 */
function routedPath({ url }: Request, relayPath: string): string {
  const { pathname } = new URL(url);
  if (relayPath === "/") return pathname;
  if (isEndpointPath(pathname, relayPath)) return "/";
  return pathname === "/" ? "/not-here" : pathname;
}

/**
 * The same header fields as GET, `Content-Length` included, without the body.
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

/** Sets the security headers, unless the route has set its own. */
const securityHeaders = secureHeaders({
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  xFrameOptions: "DENY",
  // HSTS would apply to the whole host. That is for whoever terminates TLS to decide.
  strictTransportSecurity: false,
  overwrite: false,
});

/**
 * Answers 304 to a client that has the current document. The tags are weak, because a proxy may
 * compress the body.
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
    { method: "GET", path: "/health", crossOrigin: false, handle: healthResponse },
    {
      method: "GET",
      path: "/ready",
      crossOrigin: false,
      handle: () => readyResponse(options.ready),
    },
  ];
}

/** Adds a path: its routes in order, and 405 for other methods. */
function servePath(app: Hono, path: string, routes: readonly HttpRoute[]): void {
  const methods = allowedMethods(routes);
  const allow = methods.join(", ");
  if (routes.some((route) => route.crossOrigin)) app.use(path, ...crossOrigin(methods));
  app.get(path, refuseHandshake);
  for (const route of routes) {
    app.on(route.method, path, async (context) => {
      const response = await route.handle(context.req.raw);
      // Copied, because the headers of a response of `fetch` or `Response.redirect` are immutable.
      return new Response(response.body, response);
    });
  }
  app.options(path, () => new Response(null, { status: 204, headers: { Allow: allow } }));
  app.all(path, () => plain(405, "method not allowed", { Allow: allow }));
}

/** The methods of a path, with HEAD and OPTIONS. */
function allowedMethods(routes: readonly HttpRoute[]): string[] {
  const methods = new Set(routes.map((route) => route.method));
  if (methods.has("GET")) methods.add("HEAD");
  methods.add("OPTIONS");
  return [...methods].sort();
}

/** Enables CORS for a path, for all origins. */
function crossOrigin(methods: string[]): readonly MiddlewareHandler[] {
  return [
    async (context, next) => {
      await next();
      // CORS needs the first two in preflights only; NIP-11 asks for them on the document as well.
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
 * Answers a handshake that `net` did not recognise. The header names the supported version.
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

/** The NIP-11 document, the landing page, or the counts that the page asks for. */
async function home(request: Request, options: HttpOptions): Promise<Response> {
  const page = options.page?.() ?? { showsActivity: false, noteCount: 0 };
  if (page.showsActivity && new URL(request.url).search === "?activity") {
    return Response.json(options.activity?.() ?? {}, { headers: { "Cache-Control": "no-store" } });
  }
  const type = homeType(request.headers.get("Accept"));
  const information = options.information();
  const isPage = type === "text/html";
  const ownUrl = options.relayUrl?.();
  const relayUrl = ownUrl ?? relayUrlOf(request.url, options.path ?? "/");
  const body = isPage
    ? landingPage({ information, relayUrl, ...page, qrCode: await options.qrCode?.() })
    : relayInformationJson(information);
  const headers = new Headers({
    // Cached, but revalidated each time: the document may change at any moment.
    "Cache-Control": "no-cache",
    "Content-Type": isPage ? "text/html; charset=utf-8" : type,
    "Vary": "Accept",
  });
  if (isPage) headers.set("Content-Security-Policy", await landingPagePolicy(ownUrl));
  return new Response(body, { headers });
}

/**
 * Browsers never ask for `application/nostr+json`, so a client that does gets the document,
 * whatever else it accepts and at whatever weight. The others are served by weight. A client that
 * accepts neither gets the page: RFC 9110 §12.5.1 allows to "disregard the header field".
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
