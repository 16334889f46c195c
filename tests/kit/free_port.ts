/**
 * Finds unused ports.
 *
 * @module
 */

/** A port that was unused a moment ago. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
