/**
 * Builds headers of the PROXY protocol version 2, valid or not, without the code under test.
 *
 * @module
 */

/** The fields of a header. */
export interface RawProxyHeader {
  /** The version, four bits. Default: 2. */
  readonly version?: number;
  /** The command, four bits. Default: 1, PROXY. */
  readonly command?: number;
  /** Address family and transport: 0x11 is TCP over IPv4, 0x21 TCP over IPv6. Default: 0x11. */
  readonly family?: number;
  /** What follows the length: addresses, ports, TLVs. Default: twelve zeros. */
  readonly block?: readonly number[];
  /** The length in the header. Default: that of the block. */
  readonly announced?: number;
}

/**
 * The bytes of a header.
 *
 * @example
 * ```ts
 * import { rawProxyHeader } from "./raw_proxy_header.ts";
 * import { deepEqual } from "node:assert/strict";
 *
 * const health = rawProxyHeader({ command: 0, family: 0, block: [] });
 * deepEqual([...health], [...new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n \0\0\0")]);
 * ```
 */
export function rawProxyHeader(header: RawProxyHeader): Uint8Array<ArrayBuffer> {
  const { version = 2, command = 1, family = 0x11, block = new Array(12).fill(0) } = header;
  const announced = header.announced ?? block.length;
  return Uint8Array.of(
    ...new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n"),
    (version << 4) | command,
    family,
    announced >> 8,
    announced & 0xff,
    ...block,
  );
}
