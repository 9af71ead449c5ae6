/** A question is on its way for at most this part of the time: what is slow to answer is asked less often. */
const largestShare = 0.1;
/** However slow it is, it is asked again after so long, in milliseconds. */
const longestPauseMs = 120_000;

/** How long to wait before a question is asked again, by how often one would like to and how long its answer took. */
export function pauseMs({ everyMs, tookMs }: { readonly everyMs: number; readonly tookMs: number }): number {
  return Math.max(everyMs, Math.min(longestPauseMs, Math.round(tookMs / largestShare)));
}
