/**
 * The files of docs/proxies.md, with ports and certificates of the test, in front of the real program:
 * who connects through them is known by the address that they come from, whatever they claim. Where a
 * proxy is not installed, its test is off and says so.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { once } from "node:events";
import { WebSocket as WsClient } from "ws";
import { startRelay } from "../kit/running_relay.ts";
import { freePort } from "../kit/free_port.ts";
import { isInstalled } from "../kit/installed.ts";
import { testAuthority } from "../kit/test_certificates.ts";

const page = Deno.readTextFileSync(new URL("../../docs/proxies.md", import.meta.url));
const vectors = new URL("../vectors/tls/", import.meta.url).pathname;

/** Where clients come from: not where the proxies do. */
const CLIENT = "127.0.0.7";

/** The file of the page in this language, with its addresses replaced. */
function fileOf(language: string, replaced: Readonly<Record<string, string>>): string {
  let text = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, "m").exec(page)![1]!;
  for (const [from, to] of Object.entries(replaced)) {
    equal(text.includes(from), true, `docs/proxies.md: ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** How a proxy is set up and run. */
interface Proxy {
  /** The text of its file, for a relay and a port of its own. */
  file(relay: string, port: number, directory: string): string;
  args(file: string): readonly string[];
}

const nginx: Proxy = {
  file: (relay, port, directory) =>
    `pid ${directory}/nginx.pid; error_log stderr; daemon off; user root;
    events { worker_connections 64; }
    http { access_log off;
${
      fileOf("nginx", {
        "127.0.0.1:8080": relay,
        "listen 443": `listen 127.0.0.1:${port}`,
        "/etc/letsencrypt/live/relay.example/fullchain.pem": `${vectors}localhost.pem`,
        "/etc/letsencrypt/live/relay.example/privkey.pem": `${vectors}localhost.key`,
      })
    } }`,
  args: (file) => ["-c", file],
};

const haproxy: Proxy = {
  file: (relay, port, directory) => {
    const parts = ["localhost.pem", "localhost.key"].map((name) =>
      Deno.readTextFileSync(`${vectors}${name}`)
    );
    Deno.writeTextFileSync(`${directory}/both.pem`, parts.join("\n"));
    return fileOf("haproxy", {
      "127.0.0.1:8080": relay,
      // More file descriptors than a test may have.
      "maxconn 20000": "maxconn 100",
      "bind :443": `bind 127.0.0.1:${port}`,
      "/etc/haproxy/relay.example.pem": `${directory}/both.pem`,
    });
  },
  args: (file) => ["-db", "-f", file],
};

const caddy: Proxy = {
  file: (relay, port) =>
    `{
  admin off
  auto_https disable_redirects
}
${
      fileOf("caddy", {
        "127.0.0.1:8080": relay,
        "relay.example {":
          `https://localhost:${port} {\n  tls ${vectors}localhost.pem ${vectors}localhost.key`,
      })
    }`,
  args: (file) => ["run", "--config", file, "--adapter", "caddyfile"],
};

for (const [name, proxy] of Object.entries({ nginx, haproxy, caddy })) {
  Deno.test({
    ignore: !isInstalled(name, name === "caddy" ? "version" : "-v"),
    name: `docs/proxies.md: the address of a client behind ${name} is its own`,
    async fn() {
      await using relay = await startRelay({
        database: "memory:",
        settings: ["network.trusted_proxies=127.0.0.1,::1", "relay.url=wss://localhost"],
      });
      const directory = await Deno.makeTempDir();
      const port = freePort();
      const file = `${directory}/${name}.conf`;
      await Deno.writeTextFile(file, proxy.file(new URL(relay.url).host, port, directory));
      const child = new Deno.Command(name, {
        args: [...proxy.args(file)],
        env: { HOME: directory },
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const said = new Response(child.stderr).text();
      await greet(port);
      child.kill("SIGTERM");
      await child.status;
      await said;
      equal(await relay.stop(), 0);
      await Deno.remove(directory, { recursive: true });

      const lines = relay.log.map((line) => JSON.parse(line));
      const ended = lines.filter(({ message }) => message === "connection ended");
      deepEqual(ended.map(({ address, messages }) => [address, messages]), [[CLIENT, 1]]);
    },
  });
}

/** Asks the relay something through the proxy, as soon as that is up. */
async function greet(port: number): Promise<void> {
  for (let tries = 0;; tries++) {
    const client = new WsClient(`wss://localhost:${port}/`, {
      localAddress: CLIENT,
      ca: testAuthority,
      family: 4,
      headers: { "X-Forwarded-For": "203.0.113.66", "X-Forwarded-Proto": "http" },
    });
    try {
      await once(client, "open");
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    const eose = new Promise<string>((resolve) => {
      client.on("message", (data: unknown) => {
        if (String(data).startsWith('["EOSE"')) resolve(String(data));
      });
    });
    client.send('["REQ","a",{"limit":1}]');
    match(await eose, /^\["EOSE","a"/);
    client.close();
    await once(client, "close");
    return;
  }
}
