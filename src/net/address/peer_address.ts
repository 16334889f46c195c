/**
 * Who is at the other end.
 *
 * @module
 */

/**
 * The IP address of a socket's peer, or `unix` where there is none. An IPv4 peer of an IPv6 socket is
 * named by its IPv4 address, so that it is the same peer on either.
 */
export function peerAddress(socket: { readonly remoteAddress?: string | undefined }): string {
  const address = socket.remoteAddress;
  if (address === undefined || address === "") return "unix";
  const mapped = "::ffff:";
  return address.startsWith(mapped) && address.includes(".")
    ? address.slice(mapped.length)
    : address;
}
