import { dayMs, type Population } from "./population.ts";
import { below, type Random } from "./random.ts";

/** Tasks that come in one minute, by their creation times, oldest first. */
export interface Arrivals {
  readonly timesMs: readonly number[];
  /** Whether they are a burst: one program that begins something on everything it has. */
  readonly burst: boolean;
}

const minuteMs = 60_000;
/** How many minutes have one burst, and how many times as many tasks come then. They come within seconds. */
const minutesPerBurst = 200;
const burstWeight = 20;
const burstMs = 3000;
/** By how much of the mean the rate rises and falls in a day. */
const dailySwing = 0.6;

/** When the tasks of a population came: minute by minute, more by day than by night, some in bursts. */
export function* arrivalsOf(population: Population, random: Random): Generator<Arrivals> {
  const { tasks, beginMs, endMs } = population;
  const minutes = Math.floor((endMs - beginMs) / minuteMs);
  const bursts = Uint8Array.from({ length: minutes }, () => (below(minutesPerBurst, random) === 0 ? 1 : 0));
  const weights = Float64Array.from(bursts, (burst, minute) =>
    burst === 1 ? burstWeight : 1 + dailySwing * Math.sin((minute / (dayMs / minuteMs)) * 2 * Math.PI),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  let weighed = 0;
  let come = 0;
  for (const [minute, weight] of weights.entries()) {
    weighed += weight;
    // What is rounded off comes with a later minute, and the last one brings the rest.
    const until = minute === minutes - 1 ? tasks : Math.floor((weighed / sum) * tasks);
    if (until === come) continue;
    const burst = bursts[minute] === 1;
    const times = Float64Array.from(
      { length: until - come },
      () => beginMs + minute * minuteMs + below(burst ? burstMs : minuteMs, random),
    );
    yield { timesMs: [...times.sort()], burst };
    come = until;
  }
}
