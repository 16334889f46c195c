/**
 * Gallimimus, a Nostr relay: run it as a program (`deno run mod.ts --help`), or import it and put it
 * behind a server of your own.
 *
 * @module
 */

export * from "./src/app/embedded/library.ts";

if (import.meta.main) {
  // Imported late: a host program that embeds the relay has no use for a command line.
  const { main } = await import("./src/app/main.ts");
  await main(Deno.args);
}
