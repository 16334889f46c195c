import { equal } from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { version } from "../../src/app/version.ts";

Deno.test("the version is the manifest's", () => equal(version, manifest.version));
