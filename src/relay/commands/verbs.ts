/**
 * Maps commands to their handlers. A new command is a file in this folder and an entry here.
 *
 * @module
 */

import type { CountedVerb } from "../counters.ts";
import { authenticate } from "./auth.ts";
import type { Verb } from "./conversation.ts";
import { count } from "./count.ts";
import { publish } from "./event.ts";
import { closeReconciliation, openReconciliation, reconcile } from "./negentropy.ts";
import { close, request } from "./req.ts";

/** By the first element of a message. */
export const verbs: ReadonlyMap<string, Verb> = new Map<CountedVerb, Verb>([
  ["AUTH", authenticate],
  ["CLOSE", close],
  ["COUNT", count],
  ["EVENT", publish],
  ["NEG-CLOSE", closeReconciliation],
  ["NEG-MSG", reconcile],
  ["NEG-OPEN", openReconciliation],
  ["REQ", request],
]);
