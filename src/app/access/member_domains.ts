/**
 * Reads at intervals whom a domain gives a name, so that these keys are members.
 *
 * The whole document of a domain is read in the background, and events are judged by what is in
 * memory: a sender cannot cause a request. The domains are the operator's own choice.
 *
 * @see NIP-05
 * @module
 */

import { concat, utf8Decode } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { namedKeys, nip05Url } from "../../nostr/nip05.ts";
import { Outage } from "../../relay/outage.ts";
import type { Settings } from "../settings/setting_list.ts";
import { Repetition } from "./repetition.ts";

/** Requests a URL without following redirects, as the global `fetch` does. */
export type Fetch = (
  url: string,
  init: {
    readonly signal: AbortSignal;
    readonly redirect: "manual";
    readonly headers: HeadersInit;
  },
) => Promise<Response>;

interface DomainContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: Fetch;
}

/** The domains and the bounds of a request to each. */
interface DomainOptions {
  readonly domains: readonly string[];
  readonly refreshMs: number;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * The domains that the settings name; undefined if there are none.
 *
 * @param previous what it has read of these domains holds until they are read again
 */
export function memberDomainsOf(
  { access }: Pick<Settings, "access">,
  previous?: MemberDomains,
): MemberDomains | undefined {
  return access.member_domains.length === 0 ? undefined : new MemberDomains({
    domains: access.member_domains,
    refreshMs: access.member_domain_refresh_s * 1_000,
    timeoutMs: access.member_domain_timeout_ms,
    maxBytes: access.member_domain_max_bytes,
  }, previous);
}

/** The keys that have a name at any of the domains, read again every `refreshMs`. */
export class MemberDomains {
  readonly #options: DomainOptions;
  readonly #repetition: Repetition;
  /** By domain. One that fails keeps the keys it had. */
  readonly #keys = new Map<string, ReadonlySet<string>>();

  constructor(options: DomainOptions, previous?: MemberDomains) {
    this.#options = options;
    for (const [domain, keys] of previous === undefined ? [] : previous.#keys) {
      if (options.domains.includes(domain)) this.#keys.set(domain, keys);
    }
    this.#repetition = new Repetition(options.refreshMs);
  }

  /** Whether a key had a name when the documents were read last. */
  readonly isMember = (key: string): boolean => {
    for (const keys of this.#keys.values()) if (keys.has(key)) return true;
    return false;
  };

  /**
   * Reads the documents, now and at intervals. Resolves after the first time, even if it failed,
   * which takes no longer than the time-out.
   */
  start(context: DomainContext): Promise<void> {
    const { clock, log } = context;
    const domains = this.#options.domains.map((domain) => ({
      domain,
      outage: new Outage(`reading the names of ${domain}`, log, clock),
    }));
    return this.#repetition.start(clock, async (signal) => {
      await Promise.all(domains.map((one) => this.#read(one, context, signal)));
    });
  }

  close(): void {
    this.#repetition.close();
  }

  async #read(
    { domain, outage }: { readonly domain: string; readonly outage: Outage },
    { clock, log, fetch }: DomainContext,
    closed: AbortSignal,
  ): Promise<void> {
    const { timeoutMs, maxBytes } = this.#options;
    const ended = new AbortController();
    const end = () => ended.abort();
    const timer = clock.after(
      timeoutMs,
      () => ended.abort(new Error(`no answer in ${timeoutMs} ms`)),
    );
    closed.addEventListener("abort", end, { once: true });
    try {
      const keys = await keysOf(nip05Url(domain), { fetch, signal: ended.signal, maxBytes });
      outage.worked();
      const before = this.#keys.get(domain)?.size;
      this.#keys.set(domain, keys);
      if (keys.size !== before) {
        log.info("NIP-05 names of a domain read", { domain, keys: keys.size });
      }
    } catch (error) {
      if (!closed.aborted) outage.failed(error);
    } finally {
      timer.cancel();
      closed.removeEventListener("abort", end);
    }
  }
}

/** Rejects with what is wrong with the answer. */
async function keysOf(
  url: string,
  { fetch, signal, maxBytes }: Pick<DomainContext, "fetch"> & {
    readonly signal: AbortSignal;
    readonly maxBytes: number;
  },
): Promise<ReadonlySet<string>> {
  const headers = { Accept: "application/json" };
  // NIP-05: "Fetchers MUST ignore any HTTP redirects given by the /.well-known/nostr.json endpoint."
  const response = await fetch(url, { signal, redirect: "manual", headers });
  try {
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
    const text = utf8Decode(await bytesWithin(response, maxBytes));
    const keys = text === undefined ? undefined : namedKeys(text);
    if (keys === undefined) throw new Error(`${url} is no document with names`);
    return keys;
  } finally {
    // Nothing to cancel where all was read.
    await response.body?.cancel().catch(() => {});
  }
}

async function bytesWithin(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`${response.url} is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return concat(chunks);
}
