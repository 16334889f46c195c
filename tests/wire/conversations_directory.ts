/**
 * The conversations in this folder.
 *
 * @module
 */

import { type Conversation, parseConversations } from "./conversation.ts";

const directory = new URL("./conversations/", import.meta.url);

/** All of them, with the file's name before the title. */
export function allConversations(): readonly Conversation[] {
  const files = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  return files.flatMap((file) => {
    const text = Deno.readTextFileSync(new URL(file, directory));
    return parseConversations(text).map(({ title, steps }) => ({
      title: `${file}: ${title}`,
      steps,
    }));
  });
}
