/**
 * The health check for load balancers and supervisors.
 *
 * @module
 */

/** What is wrong, in a few words that may be public; undefined when nothing is. */
export type HealthCheck = () => Promise<string | undefined>;

/**
 * 200 `ok`, or 503 with the reason. A check that rejects counts as unhealthy; its error is not
 * shown, because it may contain internals.
 *
 * @see RFC 9110 §15.6.4
 */
export async function healthResponse(healthy: HealthCheck): Promise<Response> {
  const reason = await healthy().catch(() => "health check failed");
  return new Response(`${reason ?? "ok"}\n`, {
    status: reason === undefined ? 200 : 503,
    headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
  });
}
