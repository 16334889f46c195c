/**
 * What a relay exchanges with other relays: mirrors, and the relays of relay lists.
 *
 * @module
 */

import type { Mirror } from "../../sync/mirror.ts";
import { type PlannedMirror, plannedMirrors } from "./mirror_plans.ts";
import type { Mirrors } from "./mirrors.ts";
import type { MirrorContext } from "./mirror_host.ts";
import type { RelayListExchange } from "./relay_list_exchange.ts";
import type { Settings } from "../settings/setting_list.ts";

/** The exchanges of one relay. Their modules are loaded when the settings first ask for them. */
export class Exchanges {
  readonly #context: MirrorContext;
  /** The settings in use. */
  #settings: Settings | undefined;
  #mirrors: Mirrors | undefined;
  #relayLists: RelayListExchange | undefined;

  /** None, until {@link prepare}. */
  constructor(context: MirrorContext) {
    this.#context = context;
  }

  /** The relays that the settings name. */
  get mirrors(): readonly Mirror[] {
    return this.#mirrors?.all ?? [];
  }

  /** Undefined while nothing is exchanged with the relays of relay lists. */
  get relayLists(): RelayListExchange | undefined {
    return this.#relayLists;
  }

  /**
   * Prepares new settings and returns a function that applies them.
   *
   * @throws UnusableSetting when a key of a mirror cannot be read
   */
  async prepare(settings: Settings): Promise<() => void> {
    const isSame = settings.mirrors === this.#settings?.mirrors;
    const planned = isSame ? undefined : await plannedMirrors(settings);
    const mirrors = this.#mirrors ?? await this.#mirrorsFor(planned);
    const lists = usesRelayLists(settings) ? await import("./relay_list_exchange.ts") : undefined;
    return () => {
      this.#settings = settings;
      this.#mirrors = mirrors;
      if (planned !== undefined) mirrors?.update(planned);
      if (this.#relayLists !== undefined) this.#relayLists.update(settings);
      else this.#relayLists = lists && new lists.RelayListExchange(settings, this.#context);
    };
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#mirrors?.close(), this.#relayLists?.close()]);
  }

  async #mirrorsFor(planned: readonly PlannedMirror[] = []): Promise<Mirrors | undefined> {
    if (planned.length === 0) return undefined;
    const { Mirrors } = await import("./mirrors.ts");
    return new Mirrors([], this.#context);
  }
}

function usesRelayLists({ relay_lists }: Settings): boolean {
  return relay_lists.outbox_filter !== "" || relay_lists.inbox_keys.length > 0;
}
