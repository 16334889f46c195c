import { converse } from "./conversation.ts";
import { allConversations } from "./conversations_directory.ts";
import { SocketExchange } from "./socket_exchange.ts";

for (const conversation of allConversations()) {
  Deno.test(`socket, ${conversation.title}`, async () => {
    await using exchange = await SocketExchange.open();
    await converse(conversation, exchange);
  });
}
