/** The machine's clock. The client runs nothing of the server's code, so it reads the time itself, here alone. */
export const machineClock = (): number => Date.now();

/**
 * How far two clocks must be apart before anything is put down to it: answers tell the time in whole seconds, and may
 * be long on their way.
 */
export const noticedSkewMs = 60_000;

/**
 * How far a server's clock is ahead of ours, by the `Date` of an answer that has just come; NaN where it has none in
 * HTTP's form, whose years have four digits: times further away are none to reckon with.
 */
export function aheadMsIn(date: string | null): number {
  const isInForm = date !== null && /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} /.test(date);
  return isInForm ? Date.parse(date) - machineClock() : Number.NaN;
}
