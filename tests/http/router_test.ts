import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import type { RelayInformation } from "../../src/http/routes/relay_information.ts";
import { createHttp, type HttpOptions, type HttpRoute } from "../../src/http/router.ts";

const information: RelayInformation = {
  name: "example",
  software: "https://relay.example/software",
  version: "1.2.3",
  supportedNips: [1, 11],
  limitation: { maxLimit: 500 },
};

const options: HttpOptions = {
  information: () => information,
  ready: () => Promise.resolve(undefined),
};

interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one request to a relay with the given options. */
function ask(question: Question, changed: Partial<HttpOptions> = {}): Promise<Response> {
  const { method = "GET", path = "/", headers = {} } = question;
  const request = new Request(`http://relay.example:8080${path}`, { method, headers });
  return createHttp({ ...options, ...changed })(request);
}

const nostrJson = { Accept: "application/nostr+json" };

Deno.test("NIP11-01: the document is served where WebSocket is spoken", async () => {
  const response = await ask({ headers: nostrJson });
  equal(response.status, 200);
  equal(response.headers.get("Content-Type"), "application/nostr+json");
  const document = await response.json();
  equal(document.name, "example");
  deepEqual(document.supported_nips, [1, 11]);
});

Deno.test("NIP11-02: the document and the page carry the three CORS headers", async () => {
  for (const headers of [nostrJson, {}]) {
    const response = await ask({ headers });
    equal(response.headers.get("Access-Control-Allow-Origin"), "*");
    equal(response.headers.get("Access-Control-Allow-Headers"), "*, Authorization");
    equal(response.headers.get("Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
    await response.body?.cancel();
  }
});

Deno.test("NIP11-02: a preflight gets 204 with the same three headers", async () => {
  const response = await ask({
    method: "OPTIONS",
    headers: { Origin: "https://client.example", "Access-Control-Request-Method": "GET" },
  });
  equal(response.status, 204);
  equal(response.body, null);
  equal(response.headers.get("Access-Control-Allow-Origin"), "*");
  equal(response.headers.get("Access-Control-Allow-Headers"), "*, Authorization");
  equal(response.headers.get("Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
  equal(response.headers.get("Allow"), "GET, HEAD, OPTIONS");
});

/** The media type that answers an `Accept` header. */
async function typeFor(accept: string): Promise<string | null> {
  const response = await ask({ headers: { Accept: accept } });
  await response.body?.cancel();
  return response.headers.get("Content-Type");
}

Deno.test("NIP11-03: who names the document's type among others gets the document", async () => {
  equal(await typeFor("text/html, application/nostr+json;q=0.9"), "application/nostr+json");
  equal(await typeFor("application/nostr+json; charset=utf-8, */*"), "application/nostr+json");
  equal(await typeFor("APPLICATION/NOSTR+JSON"), "application/nostr+json");
});

Deno.test("NIP11-03: a document type at weight zero is not wanted", async () => {
  equal(await typeFor("application/nostr+json;q=0, */*"), "text/html; charset=utf-8");
});

Deno.test("who wants JSON gets the document as JSON, by the weights", async () => {
  equal(await typeFor("application/json, text/plain, */*"), "application/json");
  equal(await typeFor("application/json;q=0.5, text/html"), "text/html; charset=utf-8");
});

Deno.test("NIP11-04: a feature turned off shows in the next answer", async () => {
  let supportedNips = [1, 11, 50];
  const http = createHttp({ ...options, information: () => ({ ...information, supportedNips }) });
  const nips = async () => {
    const response = await http(new Request("http://relay.example/", { headers: nostrJson }));
    return (await response.json()).supported_nips;
  };
  deepEqual(await nips(), [1, 11, 50]);
  supportedNips = [1, 11];
  deepEqual(await nips(), [1, 11]);
});

Deno.test("NIP11-07: a plain GET gets a page for people", async () => {
  for (const accept of ["", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "image/png"]) {
    const response = await ask({ headers: accept === "" ? {} : { Accept: accept } });
    equal(response.status, 200);
    equal(response.headers.get("Content-Type"), "text/html; charset=utf-8");
    match(await response.text(), /<h1>example<\/h1>/);
  }
});

Deno.test("the page shows the request's own address, or the one that was set", async () => {
  const own = await ask({});
  match(await own.text(), /<code id="address">ws:\/\/relay\.example:8080<\/code>/);
  const secure = await createHttp(options)(new Request("https://relay.example/"));
  match(await secure.text(), /<code id="address">wss:\/\/relay\.example<\/code>/);
  const set = await ask({}, { relayUrl: () => "wss://public.example/relay" });
  match(await set.text(), /<code id="address">wss:\/\/public\.example\/relay<\/code>/);
});

Deno.test("caches keep page and document apart and ask again each time", async () => {
  for (const headers of [nostrJson, {}]) {
    const response = await ask({ headers });
    await response.body?.cancel();
    equal(response.headers.get("Vary"), "Accept");
    equal(response.headers.get("Cache-Control"), "no-cache");
  }
});

Deno.test("RFC 9110 §15.4.5: who has the document already gets 304 and no body", async () => {
  const first = await ask({ headers: nostrJson });
  await first.body?.cancel();
  const etag = first.headers.get("ETag") ?? "";
  const second = await ask({ headers: { ...nostrJson, "If-None-Match": etag } });
  equal(second.status, 304);
  equal(second.body, null);
  equal(second.headers.get("ETag"), etag);
  equal(second.headers.get("Access-Control-Allow-Origin"), "*");
  const page = await ask({ headers: { "If-None-Match": etag } });
  equal(page.status, 200);
  await page.body?.cancel();
});

/** The entity tag of the document. */
async function documentTag(changed: Partial<HttpOptions> = {}): Promise<string> {
  const response = await ask({ headers: nostrJson }, changed);
  await response.body?.cancel();
  return response.headers.get("ETag") ?? "";
}

Deno.test("RFC 9110 §8.8.3: the tag is weak, and changes when the document does", async () => {
  const tag = await documentTag();
  match(tag, /^W\/"[^"]+"$/);
  equal(await documentTag(), tag);
  notEqual(await documentTag({ information: () => ({ ...information, version: "1.2.4" }) }), tag);
});

Deno.test("RFC 9110 §13.1.2: If-None-Match is compared weakly, tag by tag, and a star is any", async () => {
  const tag = await documentTag();
  const strong = tag.slice("W/".length);
  const statusFor = async (names: string) => {
    const response = await ask({ headers: { ...nostrJson, "If-None-Match": names } });
    await response.body?.cancel();
    return response.status;
  };
  for (const names of [tag, strong, `"x" , ${tag}`, "*"]) equal(await statusFor(names), 304);
  for (const names of ['"x", "y"', strong.slice(1, -1), ""]) equal(await statusFor(names), 200);
});

Deno.test("RFC 9111 §4.3.4: a 304 for the page repeats its policy, so that the copy keeps it", async () => {
  const page = await ask({});
  await page.body?.cancel();
  const etag = page.headers.get("ETag") ?? "";
  const again = await ask({ headers: { "If-None-Match": etag } });
  equal(again.status, 304);
  for (
    const name of [
      "Content-Security-Policy",
      "Access-Control-Allow-Headers",
      "Access-Control-Allow-Methods",
      "Cache-Control",
      "Vary",
    ]
  ) {
    equal(again.headers.get(name), page.headers.get(name));
  }
  match(again.headers.get("Content-Security-Policy") ?? "", /style-src 'sha256-/);
});

Deno.test("RFC 9110 §9.3.2: HEAD is GET without the body", async () => {
  for (const path of ["/", "/health", "/ready"]) {
    const get = await ask({ path });
    const head = await ask({ path, method: "HEAD" });
    equal(head.status, get.status);
    equal(head.body, null);
    head.headers.delete("Content-Length");
    deepEqual([...head.headers], [...get.headers]);
    await get.body?.cancel();
  }
});

Deno.test("an unknown path is 404 for every method", async () => {
  for (const method of ["GET", "HEAD", "POST", "OPTIONS"]) {
    const response = await ask({ method, path: "/nothing" });
    equal(response.status, 404);
    await response.body?.cancel();
  }
});

Deno.test("RFC 9110 §15.5.6: a method that the path does not take is 405 with Allow", async () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const response = await ask({ method });
    equal(response.status, 405);
    equal(response.headers.get("Allow"), "GET, HEAD, OPTIONS");
    await response.body?.cancel();
  }
});

Deno.test("RFC 6455 §4.4: a handshake that fell through is 426 and says what would work", async () => {
  const response = await ask({ headers: { Upgrade: "WebSocket", Connection: "Upgrade" } });
  equal(response.status, 426);
  equal(response.headers.get("Upgrade"), "websocket");
  equal(response.headers.get("Sec-WebSocket-Version"), "13");
  match(await response.text(), /WebSocket/);
});

Deno.test("/ready answers by the check that was given, /health in any case, to no other origin", async () => {
  const noDatabase = { ready: () => Promise.resolve("no database") };
  const said = async (path: string, over = {}) => {
    const response = await ask({ path }, over);
    equal(response.headers.get("Access-Control-Allow-Origin"), null);
    return [response.status, await response.text()];
  };
  deepEqual(await said("/ready"), [200, "ok\n"]);
  deepEqual(await said("/ready", noDatabase), [503, "no database\n"]);
  deepEqual(await said("/health", noDatabase), [200, "ok\n"]);
});

Deno.test("RFC 9110 §9.3.7: OPTIONS lists what a path takes, and opens nothing by it", async () => {
  const response = await ask({ path: "/health", method: "OPTIONS" });
  equal(response.status, 204);
  equal(response.body, null);
  equal(response.headers.get("Allow"), "GET, HEAD, OPTIONS");
  equal(response.headers.get("Access-Control-Allow-Origin"), null);
});

Deno.test("a page from elsewhere can read why its request to the document failed", async () => {
  const response = await ask({ method: "PUT" });
  await response.body?.cancel();
  equal(response.status, 405);
  equal(response.headers.get("Access-Control-Allow-Origin"), "*");
});

Deno.test("no answer binds the operator's domain to TLS", async () => {
  const response = await createHttp(options)(new Request("https://relay.example/"));
  await response.body?.cancel();
  equal(response.headers.get("Strict-Transport-Security"), null);
});

Deno.test("every answer carries the security headers", async () => {
  const questions: Question[] = [
    {},
    { headers: nostrJson },
    { path: "/health" },
    { path: "/nothing" },
    { method: "POST" },
    { method: "OPTIONS" },
  ];
  for (const question of questions) {
    const response = await ask(question);
    await response.body?.cancel();
    equal(response.headers.get("X-Content-Type-Options"), "nosniff");
    equal(response.headers.get("Referrer-Policy"), "no-referrer");
    match(response.headers.get("Content-Security-Policy") ?? "", /^default-src 'none'; /);
  }
});

const management: HttpRoute = {
  method: "POST",
  path: "/",
  crossOrigin: true,
  handle: async (request) => new Response(`got ${await request.text()}`, { status: 201 }),
};

Deno.test("a further route joins a path beside the methods it has", async () => {
  const http = createHttp({ ...options, routes: [management] });
  const post = await http(new Request("http://relay.example/", { method: "POST", body: "x" }));
  equal(post.status, 201);
  equal(await post.text(), "got x");
  const preflight = await http(new Request("http://relay.example/", { method: "OPTIONS" }));
  equal(preflight.headers.get("Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS, POST");
  const get = await http(new Request("http://relay.example/", { headers: nostrJson }));
  equal((await get.json()).name, "example");
});

Deno.test("a route's own headers stand", async () => {
  const policy = "default-src 'self'";
  const response = await ask({ path: "/page" }, {
    routes: [{
      method: "GET",
      path: "/page",
      crossOrigin: false,
      handle: () => new Response("page", { headers: { "Content-Security-Policy": policy } }),
    }],
  });
  equal(response.headers.get("Content-Security-Policy"), policy);
  equal(await response.text(), "page");
});

Deno.test("a route may answer with a response that nobody can change", async () => {
  for (const crossOrigin of [true, false]) {
    const response = await ask({ path: "/old" }, {
      routes: [{
        method: "GET",
        path: "/old",
        crossOrigin,
        handle: () => Response.redirect("https://relay.example/new", 308),
      }],
    });
    equal(response.status, 308);
    equal(response.headers.get("Location"), "https://relay.example/new");
    equal(response.headers.get("X-Content-Type-Options"), "nosniff");
  }
});

Deno.test("a route's own code has its `this`", async () => {
  class Counter implements HttpRoute {
    readonly method = "GET";
    readonly path = "/count";
    readonly crossOrigin = false;
    #count = 0;
    handle(): Response {
      return new Response(String(++this.#count));
    }
  }
  const http = createHttp({ ...options, routes: [new Counter()] });
  const count = async () => await (await http(new Request("http://relay.example/count"))).text();
  equal(await count(), "1");
  equal(await count(), "2");
});

Deno.test("a fault of a route's own code reaches the caller", async () => {
  const handle = () => Promise.reject(new Error("broken"));
  const routes = [{ method: "GET", path: "/broken", crossOrigin: false, handle }];
  await rejects(ask({ path: "/broken" }, { routes }), /broken/);
});

Deno.test("the document and the page are at the relay's path, with and without a slash at its end", async () => {
  for (const path of ["/nostr", "/nostr/"]) {
    for (const asked of ["/nostr", "/nostr/"]) {
      const document = await ask({ path: asked, headers: nostrJson }, { path });
      equal((await document.json()).name, "example");
      const page = await ask({ path: asked }, { path });
      match(
        await page.text(),
        new RegExp(`<code id="address">ws://relay\\.example:8080${path}</code>`),
      );
    }
    for (const elsewhere of ["/", "/nostr/x"]) {
      const response = await ask({ path: elsewhere }, { path });
      equal(response.status, 404);
      await response.body?.cancel();
    }
    equal((await ask({ path: "/health" }, { path })).status, 200);
  }
});

Deno.test("RFC 9110 §9.3.2: HEAD tells the length that GET has", async () => {
  for (const headers of [nostrJson, {}]) {
    const length = (await (await ask({ headers })).arrayBuffer()).byteLength;
    const head = await ask({ method: "HEAD", headers });
    equal(head.headers.get("Content-Length"), String(length));
    equal(await head.text(), "");
  }
});

Deno.test("the counts of the page are answered where it shows them, and nowhere else", async () => {
  const counts = { connections: 3, subscriptions: 2, events: 1 };
  const activity = () => counts;
  const shown = {
    activity,
    page: () => ({ showsActivity: true, noteCount: 0 }),
  };
  const response = await ask({ path: "/?activity" }, shown);
  deepEqual(await response.json(), counts);
  equal(response.headers.get("Cache-Control"), "no-store");
  const other = await ask({ path: "/?activity" }, { activity });
  match(await other.text(), /<!doctype html>/);
});
