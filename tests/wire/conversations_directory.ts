/**
 * The conversations in this folder.
 *
 * @module
 */

import { type Conversation, parseConversations } from "./conversation.ts";

const directory = new URL("./conversations/", import.meta.url);

/** The files, by name. */
export function conversationFiles(): readonly { readonly file: string; readonly text: string }[] {
  const files = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  return files.map((file) => ({ file, text: Deno.readTextFileSync(new URL(file, directory)) }));
}

/** All of them, with the file's name before the title. */
export function allConversations(): readonly Conversation[] {
  return conversationFiles().flatMap(({ file, text }) =>
    parseConversations(text).map(({ title, steps }) => ({ title: `${file}: ${title}`, steps }))
  );
}
