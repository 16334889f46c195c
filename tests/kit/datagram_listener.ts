/**
 * A program that prints each datagram that a Unix socket receives, as JSON. It needs
 * `--unstable-net`, which the tests are not run with.
 *
 * @module
 */

if (import.meta.main) {
  // @ts-ignore: Unix datagrams are unstable, and their types are not known without the flag.
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: Deno.args[0] });
  console.log('"listening"');
  for await (const [bytes] of socket) console.log(JSON.stringify(new TextDecoder().decode(bytes)));
}
