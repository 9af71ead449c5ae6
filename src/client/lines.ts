/** A line is longer than its reader takes. */
export class LongLine extends Error {}

/**
 * The lines of UTF-8 text as it comes, without their ends; the last one needs none.
 *
 * @throws LongLine for a line of more than `maxCharacters`, as soon as so many have come: its end may never do.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  { maxCharacters = Number.POSITIVE_INFINITY }: { readonly maxCharacters?: number } = {},
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let unfinished = "";
  let number = 1;
  for await (const chunk of chunks) {
    // Only what is new is looked through, however long the line is that it belongs to.
    const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split("\n");
    unfinished += first;
    for (const other of others) {
      yield unfinished;
      number += 1;
      unfinished = other;
    }
    if (unfinished.length > maxCharacters) {
      throw new LongLine(`line ${number} has more than ${maxCharacters} characters`);
    }
  }
  unfinished += decoder.decode();
  if (unfinished !== "") yield unfinished;
}
