import type { AroundNavHandler } from "wouter-preact";

/**
 * Leads to another page, and notes in the browser's history how many pages of the console lie behind it: what is behind
 * those is somebody else's. The history alone knows where the reader is, whichever way they went back and forth.
 */
export const goOn: AroundNavHandler = (navigate, to, options) => {
  const steps = stepsBehind(history.state) + (options?.replace === true ? 0 : 1);
  navigate(to, { ...options, state: { ...Object(options?.state), steps } });
};

/** Whether the browser's way back leads to a page of the console, and not out of it. */
export function leadsBackWithin(): boolean {
  return stepsBehind(history.state) > 0;
}

/** Reads what the browser's history keeps for the page that is shown. Who came by a link has nothing behind them. */
function stepsBehind(state: unknown): number {
  return Number(Object(state).steps) || 0;
}
