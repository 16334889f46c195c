/**
 * Runs the mirrors of the settings: connections to other relays that exchange events all the time.
 *
 * @module
 */

import { sleep } from "../../base/sleep.ts";
import { type Rate, TokenBucket } from "../../base/token_bucket.ts";
import { Mirror, type MirrorHost, type Taken } from "../../sync/mirror.ts";
import { MirrorLink } from "../../sync/mirror_link.ts";
import { systemRandom } from "../system/system_random.ts";
import { LastingRemote } from "../transfer/lasting_remote.ts";
import type { UntrustedRelay } from "../transfer/untrusted_relay.ts";
import { type MirrorContext, mirrorHost } from "./mirror_host.ts";
import type { PlannedMirror } from "./mirror_plans.ts";

interface MirrorsOptions extends MirrorContext {
  /** Given for relays that strangers have named. */
  readonly found?: FoundMirrors;
}

/** How mirrors are treated that are not in the settings. */
interface FoundMirrors {
  readonly untrusted: UntrustedRelay;
  /** How many events are taken from each. */
  readonly events: Rate;
  /** Called with what became of each event. */
  readonly onTaken: (taken: Taken) => void;
}

/** The mirrors of one relay. */
export class Mirrors {
  readonly #options: MirrorsOptions;
  #running: readonly RunningMirror[] = [];
  /** Mirrors that are no longer in the settings, while their connections end. */
  readonly #ending = new Set<Promise<void>>();

  /** Connects to all of them. */
  constructor(plans: readonly PlannedMirror[], options: MirrorsOptions) {
    this.#options = options;
    this.update(plans);
  }

  /** What is known of each, for figures. */
  get all(): readonly Mirror[] {
    return this.#running.map(({ mirror }) => mirror);
  }

  /** Connects to those that are new, and ends those that are gone. One with the same table goes on. */
  update(plans: readonly PlannedMirror[]): void {
    const before = [...this.#running];
    const kept = plans.map((planned) => {
      const at = before.findIndex(({ table }) => table === tableOf(planned));
      return at === -1 ? undefined : before.splice(at, 1)[0];
    });
    // Those that end come first: a changed table is one of each.
    for (const gone of before) this.#end(gone);
    this.#running = plans.map((planned, at) =>
      kept[at] ?? new RunningMirror(planned, this.#options)
    );
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.update([]);
    await Promise.all(this.#ending);
  }

  #end(gone: RunningMirror): void {
    const ending = gone.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

/** The table of a mirror as text, to compare it with others. */
function tableOf({ settings }: PlannedMirror): string {
  return JSON.stringify(settings);
}

/** One mirror with its connection. */
class RunningMirror {
  readonly mirror: Mirror;
  readonly table: string;
  readonly #lasting: LastingRemote;
  readonly #stopped = new AbortController();

  constructor(planned: PlannedMirror, options: MirrorsOptions) {
    const { settings, plan } = planned;
    const { clock, log, found } = options;
    this.table = tableOf(planned);
    const whole = mirrorHost(settings, options, found !== undefined);
    const host = found === undefined ? whole : this.#limited(whole, found);
    const mirror = new Mirror(plan, host);
    mirror.start();
    this.mirror = mirror;
    this.#lasting = new LastingRemote({
      ...{ url: plan.url, clock, random: systemRandom, log },
      maxDelayMs: plan.limits.maxRetryMs,
      untrusted: found?.untrusted,
      open: (connection) => {
        const link = new MirrorLink(mirror, host, connection);
        mirror.connected();
        return {
          receive: (text) => link.receive(text),
          closed: (why) => link.closed(why),
          done: link.run(),
        };
      },
      away: (why) => mirror.away(why),
    });
  }

  async close(): Promise<void> {
    this.mirror.stop();
    this.#stopped.abort();
    await this.#lasting.stop();
  }

  /** Has events wait for their turn: rates of clients and keys do not hold for what comes so. */
  #limited(host: MirrorHost, { events, onTaken }: FoundMirrors): MirrorHost {
    const { clock } = host;
    const bucket = new TokenBucket(events, clock.monotonicMs());
    const { signal } = this.#stopped;
    return {
      ...host,
      async take(event) {
        await sleep(bucket.spend(1, clock.monotonicMs()), clock, signal);
        if (signal.aborted) return { accepted: false };
        const taken = await host.take(event);
        onTaken(taken);
        return taken;
      },
    };
  }
}
