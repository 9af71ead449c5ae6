import { describeEnding, type Ending } from "./ending.ts";
import { maskSecrets } from "./masking.ts";
import { readableText } from "./tail.ts";

/** How many of the last lines of stderr a fail reason quotes. */
const quotedLines = 20;
/** The API's limit for a fail reason, in characters. */
const longestReason = 4096;
/** How much of it may tell how the command ended: the name of a command that was not found has no limit of its own. */
const longestSummary = 256;

/**
 * Why a command failed: how it ended, and what it said last on stderr, readable and without secrets. Where that is too
 * long its beginning goes: the end says more.
 */
export function failReason(
  ending: Ending,
  said: { readonly stderr: string; readonly secretValues: readonly string[] },
): string {
  const summary = [...readableText(describeEnding(ending))].slice(0, longestSummary);
  // Masked before it is cut: half a secret would not be recognised any more.
  const readable = maskSecrets(readableText(said.stderr), said.secretValues);
  const lines = readable.split("\n").filter((line) => line.trim() !== "");
  const quoted = [...lines.slice(-quotedLines).join("\n")];
  if (quoted.length === 0) return summary.join("");
  const room = longestReason - summary.length - 2;
  const kept = quoted.length <= room ? quoted : ["…", ...quoted.slice(1 - room)];
  return [...summary, ": ", ...kept].join("");
}
