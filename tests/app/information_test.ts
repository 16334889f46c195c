import { deepEqual, equal } from "node:assert/strict";
import { relayInformation } from "../../src/app/information.ts";
import { defaultSettings } from "../../src/app/settings/setting_list.ts";
import { relayInformationJson } from "../../src/http/routes/relay_information.ts";

Deno.test("NIP11-05 each limit of the document is the setting that is enforced", () => {
  const { limitation } = JSON.parse(relayInformationJson(relayInformation(defaultSettings)));
  const { limits } = defaultSettings;
  deepEqual(limitation, {
    max_message_length: limits.max_message_bytes,
    max_subscriptions: limits.max_subscriptions,
    max_limit: limits.max_limit,
    default_limit: limits.default_limit,
    max_subid_length: limits.max_subscription_id_length,
    max_event_tags: limits.max_event_tags,
    max_content_length: limits.max_content_length,
    created_at_upper_limit: limits.created_at_upper_limit_s,
  });
});

Deno.test("NIP11 the relay's own key is told where there is one", () => {
  const document = (self?: string) =>
    JSON.parse(relayInformationJson(relayInformation(defaultSettings, { self })));
  equal("self" in document(), false);
  equal(document("a".repeat(64)).self, "a".repeat(64));
});

Deno.test("NIP11 NIPs that are off are not told", () => {
  const { limits, search } = defaultSettings;
  const told = (maxCountRows: number, enabled: boolean) =>
    relayInformation({
      ...defaultSettings,
      limits: { ...limits, max_count_rows: maxCountRows },
      search: { ...search, enabled },
    }).supportedNips.filter((nip) => nip === 45 || nip === 50);
  deepEqual(told(0, false), []);
  deepEqual(told(1, false), [45]);
  deepEqual(told(1, true), [45, 50]);
});

Deno.test("NIP04 NIP17 NIP59 NIPs about private events are told while these are private", () => {
  const told = (...kinds: string[]) =>
    relayInformation({
      ...defaultSettings,
      access: { ...defaultSettings.access, private_kinds: kinds },
    }).supportedNips.filter((nip) => [4, 17, 59].includes(nip));
  deepEqual(told(), []);
  deepEqual(told("4"), [4]);
  deepEqual(told("4", "1059"), [4, 17, 59]);
});

Deno.test("NIP11 what policies add is told, each NIP once", () => {
  const { supportedNips, limitation } = relayInformation(defaultSettings, {
    policies: {
      supportedNips: [70, 13, 42],
      minPowDifficulty: 20,
      restrictedWrites: true,
    },
  });
  deepEqual(supportedNips.filter((nip) => [13, 42, 70].includes(nip)).toSorted(), [13, 42, 70]);
  deepEqual([limitation.minPowDifficulty, limitation.restrictedWrites], [20, true]);
});

Deno.test("a bound on time that is off is not told", () => {
  const limits = { ...defaultSettings.limits, created_at_upper_limit_s: 0 };
  const { limitation } = relayInformation({ ...defaultSettings, limits });
  equal("maxFutureSeconds" in limitation, false);
});

Deno.test("NIP40-07 expiration is told: clients send such events only then", () => {
  equal(relayInformation(defaultSettings).supportedNips.includes(40), true);
});
