import { deepEqual, equal, match } from "node:assert/strict";
import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { prose } from "../kit/messages.ts";
import { Program } from "../kit/program.ts";

/** Starts the echo server on a port of the system's choice. */
async function startServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const script = new URL("../../examples/echo_server.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net", script, "--listen", "127.0.0.1:0"],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const url = /^listening on (ws:\S+)\n$/.exec((await lines.read()).value ?? "")?.[1] ?? "";
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await child.status;
      await lines.cancel();
    },
  };
}

Deno.test("the echo server sends text as text and binary as binary, compressed, up to 64 MiB", async () => {
  const { url, stop } = await startServer();
  const client = new WebSocket(url);
  await once(client, "open");
  match(client.extensions, /^permessage-deflate/);
  const text = prose(20_000_000);
  client.send(text);
  const [echoed, isBinary] = await once(client, "message");
  deepEqual([isBinary, String(echoed) === text], [false, true]);
  client.send(Uint8Array.of(1, 2, 3));
  deepEqual([...(await once(client, "message"))[0]], [1, 2, 3]);
  client.close(1000, "bye");
  equal((await once(client, "close"))[0], 1000);
  await stop();
});

/** What the echo client's exit code is, and what came back, when the server ends with `finish`. */
async function runClient(finish: (socket: WebSocket) => void): Promise<[number, string[]]> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const echoes: string[] = [];
  server.on("connection", (socket: WebSocket) => {
    socket.on("message", (data: Uint8Array) => {
      echoes.push(String(data));
      if (echoes.length === 2) finish(socket);
    });
    socket.send("one");
    socket.send(prose(5000));
  });
  await using program = new Program("examples/echo_client.ts", [`ws://127.0.0.1:${port}/`]);
  const { code } = await program.end();
  await new Promise((resolve) => server.close(resolve));
  return [code, echoes];
}

Deno.test("the echo client sends back what it hears, and a clean close is exit code 0", async () => {
  deepEqual(await runClient((socket) => socket.close(1000)), [0, ["one", prose(5000)]]);
});

Deno.test("the echo client's exit code is 1 when the connection breaks", async () => {
  deepEqual(await runClient((socket) => socket.terminate()), [1, ["one", prose(5000)]]);
});
