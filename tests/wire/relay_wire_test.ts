import { converse } from "./conversation.ts";
import { allConversations } from "./conversations_directory.ts";
import { PretendExchange } from "./pretend_exchange.ts";

for (const conversation of allConversations()) {
  Deno.test(`relay, ${conversation.title}`, async () => {
    await using exchange = new PretendExchange();
    await converse(conversation, exchange);
  });
}
