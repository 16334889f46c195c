import { converse, parseConversations } from "./conversation.ts";
import { PretendExchange } from "./pretend_exchange.ts";

const directory = new URL("./conversations/", import.meta.url);

for (const file of [...Deno.readDirSync(directory)].map(({ name }) => name).sort()) {
  for (const conversation of parseConversations(Deno.readTextFileSync(new URL(file, directory)))) {
    Deno.test(`relay, ${file}: ${conversation.title}`, async () => {
      await using exchange = new PretendExchange();
      await converse(conversation, exchange);
    });
  }
}
