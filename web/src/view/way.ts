/** Whether the reader has gone from one page of the console to another since it was loaded. */
let hasGone = false;

/** Told wherever another page is shown. */
export function noteStep(): void {
  hasGone = true;
}

/** Whether the browser's way back leads to a page of the console, and not out of it. */
export function leadsBackWithin(): boolean {
  return hasGone;
}
