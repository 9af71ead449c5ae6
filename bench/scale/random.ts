/** A source of numbers from 0 up to, and without, 1. */
export type Random = () => number;

/**
 * A source that gives the same numbers for the same seed, on every machine: sfc32, by Chris Doty-Humphrey, which passes
 * the usual tests of randomness, has a state of 128 bits and costs a few additions.
 */
export function seededRandom(seed: number): Random {
  let a = 0;
  let b = seed >>> 0;
  let c = Math.floor(seed / 2 ** 32) >>> 0;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Until the seed has reached every bit of the state.
  for (let round = 0; round < 15; round += 1) next();
  return next;
}

/** A whole number from 0 up to, and without, a limit. */
export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

/** As many random bits in hexadecimal as there are digits. */
export function hexDigits(digits: number, random: Random): string {
  let text = "";
  while (text.length < digits)
    text += below(2 ** 32, random)
      .toString(16)
      .padStart(8, "0");
  return text.slice(0, digits);
}

/**
 * Picks one of the values, each with the chance that its weight is of the sum of all. There has to be one.
 */
export function weightedPick<T>(
  values: readonly [T, ...T[]],
  weightOf: (value: T, index: number) => number,
): (random: Random) => T {
  let sum = 0;
  const sums = Float64Array.from(values, (value, index) => {
    sum += weightOf(value, index);
    return sum;
  });
  return (random) => {
    const wanted = random() * sum;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return values[low] ?? values[0];
  };
}

/** The weight of what stands at an index by a power law: the first is the heaviest. */
export function powerLaw(exponent: number): (value: unknown, index: number) => number {
  return (_, index) => (index + 1) ** -exponent;
}
