/**
 * Text from elsewhere, as it may be shown on a terminal.
 *
 * @module
 */

/**
 * Characters that drive a terminal, that turn the direction of writing or are not seen, and halves of
 * surrogate pairs.
 */
export const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** The text with {@link INVISIBLE} characters written as in JSON, but for line feeds and tabs. */
export function visibleText(text: string): string {
  return text.replace(
    INVISIBLE,
    (character) => /[\n\t]/.test(character) ? character : escaped(character),
  );
}

function escaped(character: string): string {
  return character.split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
}
