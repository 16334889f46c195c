/**
 * `[metrics]`: the metrics server for Prometheus.
 *
 * @module
 */

import type { SettingSection } from "../setting.ts";

/** Settings of the section `[metrics]`. */
export const metricsSection = {
  title: "Figures for Prometheus. They tell how many clients there are and what they do.",
  settings: {
    listen: {
      type: "text",
      default: "",
      format: {
        pattern: /^$|^(?:(?:\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9.-]+):\d{1,5}|unix:.+)$/,
        words: "HOST:PORT, [IPV6]:PORT, unix:/path, or nothing",
      },
      description:
        "Where /metrics is served, such as 127.0.0.1:9090; nowhere if empty. Whoever can connect there can read it.",
    },
  },
} as const satisfies SettingSection;
