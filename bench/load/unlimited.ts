/**
 * Settings of a relay that is measured with few keys and connections: their rates would be measured and
 * not the relay. This machine's own addresses have none (`network.unlimited_clients`).
 *
 * @module
 */

/** Settings for `startRelay`. */
export const unlimited: readonly string[] = [
  "limits.message_rate=1000000",
  "limits.message_burst=1000000",
  "limits.key_event_rate=1000000",
  "limits.key_event_burst=1000000",
];
