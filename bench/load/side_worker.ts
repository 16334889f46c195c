/**
 * The thread of a side: it makes ready, begins when it is told to and says what it counted.
 *
 * @module
 */

import type { Job, Side } from "./side.ts";
import { askSide } from "./sides/ask.ts";
import { connectSide } from "./sides/connect.ts";
import { echoSide } from "./sides/echo.ts";
import { feedSide } from "./sides/feed.ts";
import { holdSide } from "./sides/hold.ts";
import { listenSide } from "./sides/listen.ts";
import { publishSide } from "./sides/publish.ts";

/** What the thread is told. */
export type Order =
  | { readonly order: "prepare"; readonly job: Job }
  | { readonly order: "run" | "stop" | "close" };

function prepare(job: Job): Side | Promise<Side> {
  switch (job.kind) {
    case "ask":
      return askSide(job);
    case "connect":
      return connectSide(job);
    case "echo":
      return echoSide(job);
    case "feed":
      return feedSide(job);
    case "hold":
      return holdSide(job);
    case "listen":
      return listenSide(job);
    case "publish":
      return publishSide(job);
  }
}

const thread = self as unknown as {
  postMessage(message: unknown): void;
  onmessage: (event: MessageEvent<Order>) => void;
};
let side: Side | undefined;
let stop = Promise.withResolvers<void>();

/** Answers each order but `stop`. */
async function obey(order: Order): Promise<unknown> {
  if (order.order === "prepare") {
    stop = Promise.withResolvers<void>();
    side = await prepare(order.job);
  }
  if (order.order === "run") return await side!.run(stop.promise);
  if (order.order === "close") await side!.close();
  return undefined;
}

thread.onmessage = async ({ data }) => {
  if (data.order === "stop") return stop.resolve();
  thread.postMessage(await obey(data));
};
