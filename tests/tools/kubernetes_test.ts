/**
 * `packaging/kubernetes.yaml` names what the program and its image have.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { runCommandLine } from "../../src/app/command_line/command_line.ts";
import { exitCode } from "../../src/app/command_line/exit_code.ts";
import type { SettingOptions } from "../../src/app/command_line/setting_options.ts";
import { SettingSource } from "../../src/app/command_line/setting_source.ts";
import { RelayHost } from "../../src/app/relay_host.ts";
import { problemLine } from "../../src/app/settings/load_settings.ts";
import type { Settings } from "../../src/app/settings/setting_list.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { version } from "../../src/app/version.ts";
import { silentLog } from "../../src/base/log.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { KeptOutput } from "../kit/fake_command.ts";

const packaging = new URL("../../packaging/", import.meta.url);

// deno-lint-ignore no-explicit-any -- the tests look for what is to be there, and fail where it is not
type Manifest = any;

const documents = parseAllDocuments(
  await Deno.readTextFile(new URL("kubernetes.yaml", packaging)),
);

const manifests: ReadonlyMap<string, Manifest> = new Map(documents.map((document) => {
  deepEqual(document.errors.map(({ message }) => message), []);
  const manifest = document.toJS();
  return [manifest.kind, manifest];
}));

const deployment = manifests.get("Deployment");
const pod = deployment.spec.template.spec;
const [container] = pod.containers;

/** The arguments as the command line takes them. */
async function optionsOf(args: readonly string[]): Promise<SettingOptions> {
  const streams = { stdout: new KeptOutput(), stderr: new KeptOutput() };
  const started: SettingOptions[] = [];
  await runCommandLine(args, {
    streams,
    run(options) {
      started.push(options);
      return Promise.resolve(exitCode.done);
    },
  });
  equal(streams.stderr.text, "");
  return started[0]!;
}

/** The settings that the relay of a pod has. */
async function settingsOfPod(): Promise<Settings> {
  const files = manifests.get("ConfigMap").data;
  const secrets = manifests.get("Secret").stringData;
  const mount = container.volumeMounts.find(({ name }: Manifest) => name === "config").mountPath;
  const environment = Object.fromEntries(
    container.env.map(({ name, valueFrom }: Manifest) => {
      equal(valueFrom.secretKeyRef.name, manifests.get("Secret").metadata.name);
      return [name, secrets[valueFrom.secretKeyRef.key]];
    }),
  );
  const readText = (path: string) =>
    Promise.resolve(
      path.startsWith(`${mount}/`)
        ? { text: files[path.slice(mount.length + 1)] }
        : { fault: path },
    );
  const source = new SettingSource({ environment, readText }, await optionsOf(container.args));
  const loaded = await source.load();
  if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
  return loaded.settings;
}

Deno.test("the kinds that are to be there are there once, of one name and one set of labels", () => {
  const kinds = ["ConfigMap", "Secret", "Service", "PodDisruptionBudget", "Deployment"];
  deepEqual(documents.map((document) => document.toJS().kind), kinds);
  const labels = { "app.kubernetes.io/name": "gallimimus" };
  for (const { metadata } of manifests.values()) {
    deepEqual([metadata.name, metadata.labels], ["gallimimus", labels]);
  }
  for (
    const selected of [
      manifests.get("Service").spec.selector,
      manifests.get("PodDisruptionBudget").spec.selector.matchLabels,
      deployment.spec.selector.matchLabels,
      deployment.spec.template.metadata.labels,
      pod.topologySpreadConstraints[0].labelSelector.matchLabels,
    ]
  ) deepEqual(selected, labels);
  ok(manifests.get("PodDisruptionBudget").spec.minAvailable < deployment.spec.replicas);
  equal(container.image.split(":").at(-1), version);
  ok(pod.volumes.some(({ configMap }: Manifest) => configMap?.name === "gallimimus"));
});

Deno.test("arguments, file and variables are settings of the program, and ports are those it listens at", async () => {
  const { network, metrics, database, relay } = await settingsOfPod();
  const ports = new Map(
    container.ports.map(({ name, containerPort }: Manifest) => [name, containerPort]),
  );
  deepEqual(network.listen, [`0.0.0.0:${ports.get("http")}`]);
  equal(metrics.listen, `0.0.0.0:${ports.get("metrics")}`);
  equal(
    deployment.spec.template.metadata.annotations["prometheus.io/port"],
    `${ports.get("metrics")}`,
  );
  const [port, ...others] = manifests.get("Service").spec.ports;
  deepEqual([port.targetPort, others], ["http", []], "metrics are for nobody outside");
  match(database.url, /^postgres:\/\//, "several relays need a server");
  ok(relay.url.startsWith("wss://") && network.trusted_proxies.length > 0);
});

Deno.test("the probes ask for what the program answers", async () => {
  const settings = await settingsOfPod();
  const host = await RelayHost.start({
    settings: { ...settings, signatures: { engine: "noble", library: "", workers: 0 } },
    store: new MemoryStore(),
    clock: systemClock,
    log: silentLog,
  });
  for (const name of ["startupProbe", "livenessProbe", "readinessProbe"]) {
    const { path, port } = container[name].httpGet;
    equal(port, "http");
    equal((await host.http(new Request(`http://relay${path}`))).status, 200, path);
  }
  equal(container.livenessProbe.httpGet.path, "/health", "a database that is away ends no relay");
  equal(container.readinessProbe.httpGet.path, "/ready");
  ok(container.readinessProbe.timeoutSeconds > 2, "the database is asked for two seconds");
  await host.close();
});

Deno.test("a pod may write where the relay does and nowhere else, and is the image's user", async () => {
  const dockerfile = await Deno.readTextFile(new URL("Dockerfile", packaging));
  const [, uid, gid] = /useradd --uid (\d+) --gid (\d+)/.exec(dockerfile)!;
  const { runAsUser, runAsGroup, fsGroup, runAsNonRoot } = pod.securityContext;
  deepEqual([runAsUser, runAsGroup, fsGroup, runAsNonRoot].map(String), [uid, gid, gid, "true"]);
  const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } =
    container.securityContext;
  deepEqual([readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities], [true, false, {
    drop: ["ALL"],
  }]);
  const writable = container.volumeMounts.filter(({ readOnly }: Manifest) => readOnly !== true);
  const { database } = await settingsOfPod();
  deepEqual(writable.map(({ mountPath }: Manifest) => mountPath), [database.data, "/tmp"]);
  const volumes = pod.volumes.map(({ name }: Manifest) => name);
  deepEqual(container.volumeMounts.map(({ name }: Manifest) => name), volumes);
});

Deno.test("the relay has the time and the memory that it reckons with", async () => {
  const { network, limits } = await settingsOfPod();
  const [, pauseS] = container.lifecycle.preStop.exec.command;
  const neededS = Number(pauseS) + network.shutdown_timeout_ms / 1_000;
  ok(pod.terminationGracePeriodSeconds > neededS);
  const [, gibibytes] = /^(\d+)Gi$/.exec(container.resources.limits.memory)!;
  ok(limits.max_memory_mb <= Number(gibibytes) * 1_024 / 2);
  equal(pod.enableServiceLinks, false, "variables GALLIMIMUS_… of Kubernetes are no settings");
});
