import { equal } from "node:assert/strict";
import { endpointUrl, isEndpointPath } from "../../src/http/endpoint_path.ts";

Deno.test("a slash at the end makes no difference, one more does", () => {
  for (const endpoint of ["/a/b", "/a/b/"]) {
    for (const path of ["/a/b", "/a/b/"]) equal(isEndpointPath(path, endpoint), true);
    for (const path of ["/", "/a", "/a/b//", "/a/b/c", "/A/b"]) {
      equal(isEndpointPath(path, endpoint), false, path);
    }
  }
  equal(isEndpointPath("/", "/"), true);
  equal(isEndpointPath("//", "/"), false);
});

Deno.test("a path beyond ASCII is the same however it is written", () => {
  equal(isEndpointPath("/caf%C3%A9", "/café"), true);
});

Deno.test("the URL of a root shows no path, any other does", () => {
  equal(endpointUrl("wss://[::1]:443", "/"), "wss://[::1]:443");
  equal(endpointUrl("wss://[::1]:443", "/a/"), "wss://[::1]:443/a/");
});
