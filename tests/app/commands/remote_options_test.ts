import { deepEqual, ok } from "node:assert/strict";
import { remoteTaskOf } from "../../../src/app/commands/remote_options.ts";

Deno.test("NIP19: keys in --filter may be npub1…, and are sent as hex", async () => {
  const npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
  const key = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
  const task = await remoteTaskOf({ filter: { authors: [npub], "#p": [npub] } }, {
    environment: {},
  });
  ok("filter" in task);
  deepEqual(task.filterJson, { authors: [key], "#p": [key] });
  deepEqual(task.filter.authors, new Set([key]));
});
