/**
 * Settings of a relay that is measured: a load generator is one client with few keys, which the rates
 * for clients and keys would slow down.
 *
 * @module
 */

/** Settings for `startRelay`. */
export const unlimited: readonly string[] = [
  "network.unlimited_clients=127.0.0.1",
  "limits.message_rate=1000000",
  "limits.message_burst=1000000",
  "limits.key_event_rate=1000000",
  "limits.key_event_burst=1000000",
];
