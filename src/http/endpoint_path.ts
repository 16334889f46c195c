/**
 * The path of the relay: its WebSocket endpoint, its NIP-11 document and its landing page.
 *
 * @module
 */

/**
 * Whether a path is the relay's. A trailing slash is ignored, because clients add and remove it.
 */
export function isEndpointPath(path: string, endpoint: string): boolean {
  return path === endpoint || canonical(path) === canonical(endpoint);
}

/**
 * The URL of the relay on a server.
 *
 * @param base without a path: `ws://HOST:PORT`, or `ws+unix:/run/relay`, where the HTTP path
 * follows a colon, as in the `ws` package
 */
export function endpointUrl(base: string, endpoint: string): string {
  if (endpoint === "/") return base;
  return `${base}${base.includes("+unix:") ? ":" : ""}${endpoint}`;
}

/** Percent-encoded as `URL` does, because clients may do so, without the trailing slash. */
function canonical(path: string): string {
  const written = URL.parse(`http://localhost${path}`)?.pathname ?? path;
  return written.endsWith("/") ? written.slice(0, -1) : written;
}
