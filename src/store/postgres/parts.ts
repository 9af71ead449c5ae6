/** How many characters of details and history one statement carries, unless a single task has more. */
const mostCharacters = 1024 * 1024;

/** Parts what is to be written into what goes together in one statement. */
export function inParts<Item>(
  items: readonly Item[],
  lengthOf: (item: Item) => number,
): readonly (readonly Item[])[] {
  const parts: Item[][] = [];
  let part: Item[] = [];
  let characters = 0;
  for (const item of items) {
    const length = lengthOf(item);
    if (part.length === 0 || characters + length > mostCharacters) {
      part = [];
      parts.push(part);
      characters = 0;
    }
    part.push(item);
    characters += length;
  }
  return parts;
}

/** The two halves of what failed together, to find out whose fault it was. */
export function inHalves<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}
