/**
 * A TLS gate for test servers.
 *
 * @module
 */

import { silentLog } from "../../src/base/log.ts";
import { zeroNetCounters } from "../../src/net/server/net_counters.ts";
import { TlsGate } from "../../src/net/server/tls_gate.ts";
import { testIdentity } from "./test_certificates.ts";

/** A gate with the certificate of `localhost`. */
export function testGate(): TlsGate {
  return new TlsGate({ identities: [testIdentity("localhost")] }, {
    log: silentLog,
    counters: zeroNetCounters(),
    handshakeTimeoutMs: 5_000,
  });
}
