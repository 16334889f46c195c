/**
 * TLS as others see it: which versions there are, and what an exchange of certificates does to the
 * connections of a busy server.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { WebSocket as WsClient } from "ws";
import { startRelay } from "../kit/running_relay.ts";
import { testAuthority } from "../kit/test_certificates.ts";
import { isInstalled } from "../kit/installed.ts";

const vectors = new URL("../vectors/tls/", import.meta.url).pathname;

function secureSettings(certificate: string, key: string): string[] {
  return [
    "network.listen=tls:127.0.0.1:0",
    `tls.certificate_files=${certificate}`,
    `tls.key_files=${key}`,
    "log.level=info",
  ];
}

/** Whether a handshake with this version alone works. */
async function speaks(port: string, version: string): Promise<boolean> {
  const child = new Deno.Command("openssl", {
    // Security level 0, so that it is not the client that refuses.
    args: ["s_client", "-connect", `127.0.0.1:${port}`, version, "-cipher", "ALL:@SECLEVEL=0"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout } = await child.output();
  return /^\s*(?:New, TLSv1|Protocol\s*: TLSv1)\S*/m.test(new TextDecoder().decode(stdout)) &&
    !/Cipher is \(NONE\)/.test(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "openssl s_client finds TLS 1.2 and 1.3, and nothing older",
  ignore: !isInstalled("openssl", "version"),
  async fn() {
    const settings = secureSettings(`${vectors}localhost.pem`, `${vectors}localhost.key`);
    await using relay = await startRelay({ database: "memory:", settings });
    const { port } = new URL(relay.url);
    const versions = ["-tls1", "-tls1_1", "-tls1_2", "-tls1_3"];
    const found: boolean[] = [];
    for (const version of versions) found.push(await speaks(port, version));
    deepEqual(found, [false, false, true, true]);
  },
});

Deno.test("twenty exchanges of certificates under load lose no connection and refuse none", async () => {
  const directory = await Deno.makeTempDir();
  const [certificate, key] = [`${directory}/certificate.pem`, `${directory}/key.pem`];
  const write = (name: string) => {
    Deno.copyFileSync(`${vectors}${name}.pem`, certificate);
    Deno.copyFileSync(`${vectors}${name}.key`, key);
  };
  write("localhost");
  await using relay = await startRelay({
    database: "memory:",
    settings: secureSettings(certificate, key),
  });
  const url = relay.url.replace("127.0.0.1", "localhost");
  // The name of the host changes with the certificate; here it is the authority that counts.
  const trust = { ca: testAuthority, checkServerIdentity: () => undefined };
  let lost = 0;
  const clients = await Promise.all(Array.from({ length: 50 }, async () => {
    const client = new WsClient(url, trust);
    await once(client, "open");
    client.on("close", () => lost++).on("error", () => {});
    return client;
  }));
  let isLoaded = true;
  let refused = 0;
  let opened = 0;
  const newcomers = Array.from({ length: 4 }, async () => {
    while (isLoaded) {
      const client = new WsClient(url, trust);
      client.on("error", () => refused++);
      client.on("open", () => {
        opened++;
        client.close();
      });
      await once(client, "close").catch(() => {});
    }
  });
  const exchanged = () => relay.log.filter((line) => line.includes("certificates reloaded")).length;
  for (let at = 0; at < 20; at++) {
    write(at % 2 === 0 ? "relay.test" : "localhost");
    Deno.kill(relay.pid, "SIGHUP");
    while (exchanged() <= at) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const client of clients) client.send('["REQ","a",{"limit":1}]');
    await Promise.all(clients.map((client: WsClient) => once(client, "message")));
  }
  isLoaded = false;
  await Promise.all(newcomers);
  console.log(`certificates reloaded 20 times: ${opened} new connections, ${refused} refused`);
  deepEqual([lost, refused], [0, 0]);
  equal(opened > 0, true);
  for (const client of clients) client.terminate();
  await relay.stop();
  await Deno.remove(directory, { recursive: true });
});
