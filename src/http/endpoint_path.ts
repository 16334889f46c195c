/**
 * The path at which the relay is: that of its WebSocket endpoint, its NIP-11 document and its page.
 *
 * @module
 */

/**
 * Whether a path is that of the relay. A slash at its end makes no difference: clients are known to add
 * one to the URL that they were given, and to take one away.
 */
export function isEndpointPath(path: string, endpoint: string): boolean {
  return path === endpoint || canonical(path) === canonical(endpoint);
}

/**
 * The URL of the relay on a server: a root has no path to show.
 *
 * @param base Without a path: `ws://HOST:PORT`, or `ws+unix:/run/relay`, whose path of HTTP follows a
 * colon, as the `ws` package has it.
 */
export function endpointUrl(base: string, endpoint: string): string {
  if (endpoint === "/") return base;
  return `${base}${base.includes("+unix:") ? ":" : ""}${endpoint}`;
}

/** As URLs write it, which clients may do or leave, and without the slash. */
function canonical(path: string): string {
  const written = URL.parse(`http://localhost${path}`)?.pathname ?? path;
  return written.endsWith("/") ? written.slice(0, -1) : written;
}
