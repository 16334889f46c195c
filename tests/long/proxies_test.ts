/**
 * HAProxy and nginx, as Debian has them, in front of the relay's sockets: whoever connects through them
 * is known by the address that they come from. Where the programs are not installed, the tests are off
 * and say so.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { WebSocket as WsClient } from "ws";
import { RelaySockets } from "../../src/app/network/relay_sockets.ts";
import { settingsWith } from "../../src/app/settings/setting_list.ts";
import type { SettingValue } from "../../src/app/settings/setting.ts";
import { silentLog } from "../../src/base/log.ts";
import type { ConnectionInfo } from "../../src/net/server/listen.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { isInstalled } from "../kit/installed.ts";
import { testAuthority } from "../kit/test_certificates.ts";

const vectors = new URL("../vectors/tls/", import.meta.url).pathname;

/** Where clients come from: not where the proxies do. */
const clientAddress = "127.0.0.7";

/** The relay's sockets, at two addresses, and whom they met. */
class Upstream implements AsyncDisposable {
  readonly met: Pick<ConnectionInfo, "address" | "secure">[] = [];
  readonly directory = Deno.makeTempDirSync();
  readonly #sockets: RelaySockets;
  port = 0;

  constructor(settings: Readonly<Record<string, SettingValue>>) {
    this.#sockets = new RelaySockets({
      settings: settingsWith(new Map(Object.entries(settings))),
      clock: systemClock,
      log: silentLog,
      onConnection: (connection, { address, secure }) => {
        this.met.push({ address, secure });
        connection.start({
          messages: (batch) => {
            for (const message of batch) if (message.type === "text") connection.send(message.text);
          },
          drained() {},
          closed() {},
        });
      },
      onRequest: (_, { address }) => new Response(address),
    });
  }

  get unixPath(): string {
    return `${this.directory}/relay.sock`;
  }

  get counters() {
    return this.#sockets.counters;
  }

  async open(): Promise<void> {
    const url = await this.#sockets.listen("127.0.0.1:0");
    await this.#sockets.listen(`unix:${this.unixPath}`);
    this.port = Number(new URL(url).port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sockets.close();
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** A port of the loopback that nobody listens at. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return address !== null && typeof address === "object" ? address.port : 0;
}

/** Runs a proxy until the test is over. */
async function startProxy(command: string, args: readonly string[], port: number) {
  const child = new Deno.Command(command, { args: [...args], stdout: "null", stderr: "piped" })
    .spawn();
  const said = new Response(child.stderr).text();
  while (!await accepts(port)) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await said;
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const probe = connect(port, "127.0.0.1");
  const answer = await new Promise<boolean>((resolve) => {
    probe.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  probe.destroy();
  return answer;
}

/** Connects, has a message echoed, and goes. */
async function greet(url: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const client = new WsClient(url, { localAddress: clientAddress, ca: testAuthority, headers });
  await once(client, "open");
  client.send("hello");
  equal(String((await once(client, "message"))[0]), "hello");
  client.close();
  await once(client, "close");
}

const forged = { "X-Forwarded-For": "203.0.113.66", "X-Forwarded-Proto": "https" };

/** `frontends`: a name, how it is bound, and lines of its backend. */
function haproxyConfig(
  frontends: readonly { readonly bind: string; readonly backend: readonly string[] }[],
): string {
  const lines = [
    "global",
    "  maxconn 100",
    "defaults",
    "  timeout connect 5s",
    "  timeout client 10s",
    "  timeout server 10s",
  ];
  for (const [at, { bind, backend }] of frontends.entries()) {
    lines.push(`listen l${at}`, `  bind ${bind}`, ...backend.map((line) => `  ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

Deno.test({
  name: "HAProxy, PROXY protocol 1 and 2, TCP and Unix: the address is the client's",
  ignore: !isInstalled("haproxy", "-v"),
  async fn() {
    await using upstream = new Upstream({ "network.proxy_protocol_from": ["127.0.0.1", "unix"] });
    await upstream.open();
    const ports = [await freePort(), await freePort(), await freePort()];
    const targets = [
      `server s 127.0.0.1:${upstream.port} send-proxy`,
      `server s 127.0.0.1:${upstream.port} send-proxy-v2`,
      `server s unix@${upstream.unixPath} send-proxy-v2`,
    ];
    const file = `${upstream.directory}/haproxy.cfg`;
    await Deno.writeTextFile(
      file,
      haproxyConfig(targets.map((server, at) => ({
        bind: `127.0.0.1:${ports[at]}`,
        backend: ["mode tcp", server],
      }))),
    );
    await using _proxy = await startProxy("haproxy", ["-db", "-f", file], ports[0]!);
    for (const port of ports) await greet(`ws://127.0.0.1:${port}/`, forged);
    deepEqual(upstream.met, new Array(3).fill({ address: clientAddress, secure: false }));
    // Whoever is not the proxy, and claims to be, speaks no HTTP.
    const liar = connect({ port: upstream.port, host: "127.0.0.1", localAddress: "127.0.0.9" });
    liar.write("PROXY TCP4 203.0.113.66 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const [answer] = await once(liar, "data");
    equal(String(answer).startsWith("HTTP/1.1 400 "), true);
    liar.destroy();
    equal(upstream.counters.refused.malformed, 1);
  },
});

Deno.test({
  name: "HAProxy, HTTP and TLS termination: X-Forwarded-For is believed of the proxy alone",
  ignore: !isInstalled("haproxy", "-v"),
  async fn() {
    await using upstream = new Upstream({ "network.trusted_proxies": ["127.0.0.1"] });
    await upstream.open();
    const ports = [await freePort(), await freePort()];
    const file = `${upstream.directory}/haproxy.cfg`;
    const pem = `${upstream.directory}/localhost.pem`;
    const parts = ["localhost.pem", "localhost.key"].map((name) =>
      Deno.readTextFileSync(`${vectors}${name}`)
    );
    await Deno.writeTextFile(pem, parts.join("\n"));
    const backend = [
      "mode http",
      "option forwardfor",
      "http-request add-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]",
      `server s 127.0.0.1:${upstream.port}`,
    ];
    await Deno.writeTextFile(
      file,
      haproxyConfig([
        { bind: `127.0.0.1:${ports[0]}`, backend },
        { bind: `127.0.0.1:${ports[1]} ssl crt ${pem}`, backend },
      ]),
    );
    await using _proxy = await startProxy("haproxy", ["-db", "-f", file], ports[0]!);
    await greet(`ws://127.0.0.1:${ports[0]}/`);
    await greet(`ws://127.0.0.1:${ports[0]}/`, forged);
    await greet(`wss://localhost:${ports[1]}/`, forged);
    await greet(`ws://127.0.0.1:${upstream.port}/`, forged);
    deepEqual(upstream.met, [
      { address: clientAddress, secure: false },
      { address: clientAddress, secure: false },
      { address: clientAddress, secure: true },
      { address: clientAddress, secure: false },
    ]);
  },
});

Deno.test({
  name: "nginx, TCP and Unix upstream, TLS termination: the address is the client's",
  ignore: !isInstalled("nginx", "-v"),
  async fn() {
    await using upstream = new Upstream({ "network.trusted_proxies": ["127.0.0.1", "unix"] });
    await upstream.open();
    const ports = [await freePort(), await freePort(), await freePort()];
    const location = (to: string) =>
      `location / { proxy_pass ${to}; proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
        proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }`;
    const tcp = location(`http://127.0.0.1:${upstream.port}`);
    const unix = location(`http://unix:${upstream.unixPath}:`);
    const file = `${upstream.directory}/nginx.conf`;
    await Deno.writeTextFile(
      file,
      `pid ${upstream.directory}/nginx.pid; error_log stderr; daemon off; user root;
      events { worker_connections 64; }
      http { access_log off;
        server { listen 127.0.0.1:${ports[0]}; ${tcp} }
        server { listen 127.0.0.1:${ports[1]}; ${unix} }
        server { listen 127.0.0.1:${ports[2]} ssl; ssl_certificate ${vectors}localhost.pem;
          ssl_certificate_key ${vectors}localhost.key; ${tcp} }
      }`,
    );
    await using _proxy = await startProxy("nginx", ["-c", file], ports[0]!);
    await greet(`ws://127.0.0.1:${ports[0]}/`, forged);
    await greet(`ws://127.0.0.1:${ports[1]}/`, forged);
    await greet(`wss://localhost:${ports[2]}/`, forged);
    deepEqual(upstream.met, [
      { address: clientAddress, secure: false },
      { address: clientAddress, secure: false },
      { address: clientAddress, secure: true },
    ]);
  },
});

Deno.test({
  name:
    "nginx that keeps its connections to the relay: no request of 400 fails, and few sockets do",
  ignore: !isInstalled("nginx", "-v"),
  async fn() {
    await using upstream = new Upstream({ "network.trusted_proxies": ["127.0.0.1"] });
    await upstream.open();
    const port = await freePort();
    const file = `${upstream.directory}/nginx.conf`;
    await Deno.writeTextFile(
      file,
      `pid ${upstream.directory}/nginx.pid; error_log stderr; daemon off; user root;
      events { worker_connections 64; }
      http { access_log off;
        upstream relay { server 127.0.0.1:${upstream.port}; keepalive 8; }
        server { listen 127.0.0.1:${port}; location / {
          proxy_pass http://relay; proxy_http_version 1.1; proxy_set_header Connection "";
          proxy_next_upstream off; proxy_set_header Host $host; } }
      }`,
    );
    await using _proxy = await startProxy("nginx", ["-c", file], port);
    const statuses = new Map<number, number>();
    for (let round = 0; round < 100; round++) {
      const responses = await Promise.all(
        Array.from({ length: 4 }, () => fetch(`http://127.0.0.1:${port}/`, { method: "POST" })),
      );
      for (const response of responses) {
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        await response.body?.cancel();
      }
    }
    deepEqual([...statuses], [[200, 400]]);
    ok(upstream.counters.accepted < 20, `${upstream.counters.accepted} sockets`);
  },
});
