/** Tells the time in milliseconds since 1970-01-01T00:00:00Z. Passed in wherever time matters, so that tests set it. */
export type Clock = () => number;

/** The machine's clock: the only place that reads the time. */
export const systemClock: Clock = () => Date.now();
