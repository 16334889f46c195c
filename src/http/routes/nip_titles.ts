/**
 * The NIPs that a relay can have, in the words of the page for people.
 *
 * @module
 */

/** What a NIP gives, in a few words, by its number. One that is not here is known by its number alone. */
export const nipTitles: ReadonlyMap<number, string> = new Map([
  [1, "Basic protocol"],
  [2, "Follow lists"],
  [4, "Encrypted messages, old form"],
  [5, "Names by domain"],
  [9, "Deletion requests"],
  [11, "Relay information"],
  [13, "Proof of work"],
  [17, "Private messages"],
  [22, "Comments"],
  [28, "Public chat"],
  [29, "Groups"],
  [40, "Expiring events"],
  [42, "Authentication"],
  [43, "Membership"],
  [45, "Counting"],
  [50, "Search"],
  [59, "Gift wrap"],
  [62, "Requests to vanish"],
  [65, "Relay lists"],
  [66, "Relay discovery"],
  [67, "Completeness hints"],
  [70, "Protected events"],
  [77, "Negentropy sync"],
  [86, "Management API"],
  [98, "HTTP authentication"],
]);
