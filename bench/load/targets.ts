/**
 * The relays to measure: those of others, and our own that are started for it.
 *
 * @module
 */

import { freshDatabases } from "../../tests/e2e/databases.ts";
import { startRelay } from "../../tests/kit/running_relay.ts";
import type { Relay } from "./measure.ts";
import { isUrl, type Target } from "./options.ts";
import { RawClient } from "./raw_client.ts";
import { holdSide } from "./sides/hold.ts";
import { printable } from "./tally.ts";

/** The databases that our own relay can be started on here. */
export const databaseNames: readonly string[] = Object.keys(freshDatabases);

/** A relay that is stopped, where it is ours, when it is disposed of. */
export interface OpenTarget extends AsyncDisposable {
  readonly relay: Relay;
}

/** Starts ours, or looks whether that of somebody else answers, and opens idle connections to it. */
export async function openTarget(target: Target, timeoutMs: number): Promise<OpenTarget> {
  const open = await openRelay(target, timeoutMs);
  if (target.idle === 0) return open;
  await using stack = new AsyncDisposableStack();
  stack.use(open);
  const { url } = open.relay;
  const connections = target.idle;
  const held = holdSide({
    ...{ kind: "hold", url, timeoutMs, connections, subscriptions: 0, authors: [] },
  });
  stack.defer(() => held.close());
  const { done, tally } = await held.run(Promise.resolve());
  const [why = ""] = Object.keys(tally).filter((reason) => reason !== "AUTH challenge");
  if (done < connections) throw new Unreachable(`${url}: ${done} of ${connections} open, ${why}`);
  const relay = { ...open.relay, name: `${open.relay.name}, ${connections} idle connections` };
  const kept = stack.move();
  return { relay, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function openRelay(target: Target, timeoutMs: number): Promise<OpenTarget> {
  const { name, settings, pid } = target;
  if (!isUrl(name)) return await startOurs(name, { settings, timeoutMs });
  const client = await RawClient.open(name, { timeoutMs });
  if ("fault" in client) throw new Unreachable(`${name}: ${printable(client.fault)}`);
  client.close();
  const relay = { name, url: name, timeoutMs, ...(pid === undefined ? {} : { pid }) };
  return { relay, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** A relay cannot be connected to. */
export class Unreachable extends Error {}

async function startOurs(
  name: string,
  { settings, timeoutMs }: { readonly settings: readonly string[]; readonly timeoutMs: number },
): Promise<OpenTarget> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await freshDatabases[name]!());
  const running = await startRelay({ database: database.url, settings });
  stack.defer(async () => void await running.stop());
  const title = [name, ...settings].join(" ");
  const kept = stack.move();
  return {
    relay: { name: title, url: running.url, pid: running.pid, timeoutMs },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
