/**
 * Certificates for tests; `tests/vectors/tls/README.md` describes how they were made.
 *
 * @module
 */

import type { TlsIdentity } from "../../src/net/server/tls_gate.ts";

/** The issuer of all others but `stranger`. */
export const testAuthority = read("authority.pem");

/** A certificate and its key. The host names are those that the certificate is valid for. */
export function testIdentity(
  name: "localhost" | "relay.test" | "client" | "stranger",
): TlsIdentity {
  return { certificate: read(`${name}.pem`), key: read(`${name}.key`) };
}

function read(name: string): string {
  return Deno.readTextFileSync(new URL(`../vectors/tls/${name}`, import.meta.url));
}
