/**
 * Limits the size of events.
 *
 * @see NIP-11 `max_event_tags`, `max_content_length`
 * @module
 */

import { reason } from "../../nostr/reason.ts";
import type { RelayLimits } from "../limits.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses events that exceed the limits on bytes, tags or content length.
 */
export function sizeWithin(
  limits: Pick<RelayLimits, "maxEventBytes" | "maxEventTags" | "maxContentLength">,
): Policy {
  const { maxEventBytes, maxEventTags, maxContentLength } = limits;
  return {
    name: "event size",
    screen({ event, jsonBytes }) {
      if (jsonBytes > maxEventBytes) {
        return reason(
          "invalid",
          `event has ${jsonBytes} bytes, at most ${maxEventBytes} are allowed`,
        );
      }
      if (event.tags.length > maxEventTags) {
        return reason(
          "invalid",
          `event has ${event.tags.length} tags, at most ${maxEventTags} are allowed`,
        );
      }
      if (hasMoreCharacters(event.content, maxContentLength)) {
        return reason("invalid", `content has more than ${maxContentLength} characters`);
      }
      return undefined;
    },
  };
}

/** Counts Unicode characters only where the number of UTF-16 units does not decide. */
function hasMoreCharacters(text: string, max: number): boolean {
  if (text.length <= max) return false;
  if (text.length > 2 * max) return true;
  let characters = 0;
  for (const _ of text) {
    if (++characters > max) return true;
  }
  return false;
}
