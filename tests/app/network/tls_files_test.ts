import { deepEqual, equal, throws } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { connect } from "node:tls";
import { defaultSettings } from "../../../src/app/settings/setting_list.ts";
import { TlsFiles } from "../../../src/app/network/tls_files.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";
import { zeroNetCounters } from "../../../src/net/server/net_counters.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { withTree } from "../../kit/temporary_tree.ts";
import { testAuthority, testIdentity } from "../../kit/test_certificates.ts";

/** Files in a directory of their own, a server that uses them, and what was logged. */
async function withFiles(
  test: (
    fixture: {
      readonly files: TlsFiles;
      readonly clock: FakeClock;
      readonly lines: string[];
      readonly write: (name: "localhost" | "relay.test", key?: string) => void;
      readonly shown: () => Promise<string>;
    },
  ) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const paths = { certificate: `${directory}/certificate.pem`, key: `${directory}/key.pem` };
  let writes = 0;
  const write = (name: "localhost" | "relay.test", key = testIdentity(name).key) => {
    Deno.writeTextFileSync(paths.certificate, testIdentity(name).certificate);
    Deno.writeTextFileSync(paths.key, key);
    // Two writes within the resolution of the file system's clock are two versions all the same.
    Deno.utimeSync(paths.key, ++writes, writes);
  };
  write("localhost");
  const clock = new FakeClock();
  const lines: string[] = [];
  const log: Log = {
    ...silentLog,
    info: (message) => lines.push(message),
    error: (message) => lines.push(message),
  };
  const settings = {
    ...defaultSettings.tls,
    certificate_files: [paths.certificate],
    key_files: [paths.key],
  };
  const counters = zeroNetCounters();
  const files = new TlsFiles({ settings, clock, log, counters, handshakeTimeoutMs: 10_000 });
  const server = createServer((raw) => files.gate.secure(raw, (socket) => socket.end()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await test({ files, clock, lines, write, shown: () => shownBy(server) });
  } finally {
    files.close();
    server.close();
    await once(server, "close");
    await Deno.remove(directory, { recursive: true });
  }
  equal(clock.timerCount, 0);
}

/** The common name of the certificate that the server shows. */
async function shownBy(server: Server): Promise<string> {
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const socket = connect({ port, host: "127.0.0.1", ca: testAuthority, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerCertificate();
  socket.resume();
  await once(socket, "close");
  return String(subject.CN);
}

Deno.test("files that have changed are taken over at the next look", () =>
  withFiles(async ({ clock, write, shown, lines }) => {
    equal(await shown(), "localhost");
    write("relay.test");
    equal(await shown(), "localhost");
    clock.advance(60_000);
    equal(await shown(), "relay.test");
    deepEqual(lines, ["certificates reloaded"]);
    clock.advance(600_000);
    equal(lines.length, 1, "what has not changed is not read again");
  }));

Deno.test("a look can be asked for", () =>
  withFiles(async ({ files, write, shown }) => {
    write("relay.test");
    files.reload();
    equal(await shown(), "relay.test");
  }));

Deno.test("a certificate whose key is still the old one is not taken, and told once", () =>
  withFiles(async ({ files, write, shown, lines }) => {
    write("relay.test", testIdentity("localhost").key);
    files.reload();
    files.reload();
    equal(await shown(), "localhost");
    deepEqual(lines, ["certificates not reloaded, the previous ones remain in use"]);
    write("relay.test");
    files.reload();
    equal(await shown(), "relay.test");
  }));

Deno.test("other files are used once they were prepared, and watched from then on", () =>
  withFiles(async ({ files, clock, shown, lines }) => {
    await withTree({
      "certificate.pem": testIdentity("relay.test").certificate,
      "key.pem": testIdentity("relay.test").key,
    }, async (root) => {
      const settings = {
        ...defaultSettings.tls,
        certificate_files: [`${root}/certificate.pem`],
        key_files: [`${root}/key.pem`],
        reload_check_s: 5,
      };
      throws(() => files.prepare({ ...settings, key_files: [`${root}/none.pem`] }));
      throws(() => files.prepare({ ...settings, key_files: settings.certificate_files }));
      const exchange = files.prepare(settings);
      equal(await shown(), "localhost");
      exchange();
      equal(await shown(), "relay.test");
      Deno.writeTextFileSync(`${root}/certificate.pem`, testIdentity("localhost").certificate);
      Deno.writeTextFileSync(`${root}/key.pem`, testIdentity("localhost").key);
      Deno.utimeSync(`${root}/key.pem`, 1, 1);
      clock.advance(5_000);
      deepEqual(lines, ["certificates reloaded"]);
      equal(await shown(), "localhost");
    });
  }));

Deno.test("files that cannot be read are an error at the start", () => {
  const settings = {
    ...defaultSettings.tls,
    certificate_files: ["/nowhere/certificate.pem"],
    key_files: ["/nowhere/key.pem"],
  };
  const options = { log: silentLog, counters: zeroNetCounters(), handshakeTimeoutMs: 10_000 };
  throws(() => new TlsFiles({ ...options, settings, clock: new FakeClock() }), {
    message: /^tls\.certificate_files: \/nowhere\/certificate\.pem cannot be read: /,
  });
});
