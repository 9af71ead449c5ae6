/** What a terminal would obey, or show so that the text reads differently from what it says. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Text from anywhere as it may safely reach a terminal: control characters become visible escapes. */
export function printable(text: string): string {
  return text.replace(
    unprintable,
    (character) => shortEscapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Printable text that keeps its lines. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => printable(line.replaceAll("\t", "    ")))
    .join("\n");
}

/** Printable text in a single line. */
export function oneLine(text: string): string {
  return printable(text.trim().replace(/\s+/g, " "));
}

const graphemes = new Intl.Segmenter();

/** Stands where a text was cut. */
const cutSign = "…";

/**
 * How many columns of a terminal a text takes at most. Exact for Latin, Greek, Cyrillic and their like; what lies
 * beyond counts as wide, since nothing here knows which of it is.
 */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    columns += character === cutSign || (character.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2;
  }
  return columns;
}

/** Text cut to so many columns, with a sign where it was cut. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = "";
  let left = columns - 1;
  for (const { segment } of graphemes.segment(text)) {
    left -= columnsOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return kept + cutSign;
}
