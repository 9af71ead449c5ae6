import type { IncomingHttpHeaders } from "node:http";
import { TaskCenterError } from "../task/error.ts";

/**
 * Which of the offered media types a caller likes best, by `Accept` as RFC 9110 reads it. Parameters other than the
 * weight tell nothing apart here. The first one is for callers who do not say, like several equally, or like none.
 */
export function preferredType<T extends string>(
  accept: string | undefined,
  offered: readonly [T, ...T[]],
): T {
  const weights = readWeights(accept ?? "");
  const weightOf = (type: T): number => {
    const [main] = type.split("/", 1);
    return weights.get(type) ?? weights.get(`${main}/*`) ?? weights.get("*/*") ?? 0;
  };
  return offered.reduce((best, type) => (weightOf(type) > weightOf(best) ? type : best));
}

/** The text in quotes that a parameter may have; where its end is missing, the rest. */
const quotedText = /"(?:[^"\\]|\\.?)*(?:"|$)/g;
const weightForm = /^q=(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/** The weights of an `Accept` by its media ranges; a range whose weight is malformed is left out. */
function readWeights(accept: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const range of accept.replace(quotedText, "").toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q=")) ?? "q=1";
    if (weightForm.test(weight)) weights.set(type, Number(weight.slice("q=".length)));
  }
  return weights;
}

/** @throws TaskCenterError `unsupported-media-type` for a body that was compressed, or encoded otherwise. */
export function checkEncoding({ "content-encoding": encoding = "" }: IncomingHttpHeaders): void {
  if (["", "identity"].includes(encoding.trim().toLowerCase())) return;
  throw new TaskCenterError(
    "unsupported-media-type",
    "The body must come as it is, without Content-Encoding.",
  );
}
