import { hash } from "node:crypto";
import type { BatchLine } from "../client/index.ts";
import { linesOf } from "../client/lines.ts";

/** A line of what is imported, by its number from 1: what it asks for, or why it is refused before it is sent. */
export type ImportLine =
  | { readonly number: number; readonly line: BatchLine; readonly refusal?: undefined }
  | { readonly number: number; readonly refusal: string };

/** The longest line that is read: larger than any that a server takes, and far from what fills the memory. */
const maxCharacters = 65 * 1024 * 1024;

/**
 * The lines of an export, or of creations, from one of them on. Blank ones are left out.
 *
 * @throws Error where a line does not end.
 */
export async function* importLines(
  chunks: AsyncIterable<Uint8Array>,
  fromLine: number,
): AsyncGenerator<ImportLine, void, undefined> {
  let number = 0;
  for await (const text of linesOf(chunks, { maxCharacters })) {
    number += 1;
    if (number >= fromLine && text.trim() !== "") yield readLine(number, text);
  }
}

function readLine(number: number, text: string): ImportLine {
  const value = parseObject(text);
  if (value === undefined) return { number, refusal: "it is no JSON object" };
  // What exactly is in them is for the server to judge.
  if ("task" in value) return { number, line: { import: value } as unknown as BatchLine };
  if (isObject(value.create)) {
    const create = { id: idOf(number, text), ...value.create };
    return { number, line: { ...value, create } as unknown as BatchLine };
  }
  return { number, refusal: "it is neither an exported task nor a creation" };
}

/** The id of a creation that has none: that of the same line of the same file, so that it is not created twice. */
function idOf(number: number, text: string): string {
  return hash("sha256", `${number} ${text.trim()}`);
}

type Members = Readonly<Record<string, unknown>>;

function parseObject(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
