/**
 * Chooses the relays from which what mentions a key is fetched.
 *
 * @see NIP-65
 * @module
 */

import { relayHostOf, type RelayList } from "../nostr/relay_list.ts";

/** Where somebody may be mentioned. */
interface InboxSources {
  /** The relay lists of the keys themselves: others publish there what mentions them. */
  readonly own: Iterable<RelayList>;
  /** The relay lists of those that they follow, who may publish nowhere else. */
  readonly followed: Iterable<RelayList>;
}

/**
 * The read relays of the keys, then the write relays of those they follow, the most used first. One
 * relay of a host is taken: nobody gets more by writing many paths.
 *
 * @param useOf whether a relay comes first, comes after all others, or is not used
 * @see NIP-65 "When downloading events about a user"
 */
export function inboxRelays(
  { own, followed }: InboxSources,
  maxRelays: number,
  useOf: (url: string) => "first" | "last" | "never",
): readonly string[] {
  const users = new Map<string, number>();
  for (const { write } of followed) {
    for (const url of write) users.set(url, (users.get(url) ?? 0) + 1);
  }
  const used = [...users].sort(([one, many], [other, more]) =>
    more - many || (one < other ? -1 : 1)
  );
  const all = [...[...own].flatMap(({ read }) => read), ...used.map(([url]) => url)];
  const chosen = new Map<string, string>();
  for (const turn of ["first", "last"]) {
    for (const url of all) {
      if (chosen.size >= maxRelays) break;
      const host = relayHostOf(url);
      if (!chosen.has(host) && useOf(url) === turn) chosen.set(host, url);
    }
  }
  return [...chosen.values()];
}
