import { converse } from "./conversation.ts";
import { allConversations } from "./conversations_directory.ts";
import { FakeExchange } from "./fake_exchange.ts";

for (const conversation of allConversations()) {
  Deno.test(`relay, ${conversation.title}`, async () => {
    await using exchange = new FakeExchange();
    await converse(conversation, exchange);
  });
}
