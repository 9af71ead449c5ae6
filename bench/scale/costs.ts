import { median } from "../statistics.ts";

/** Something to do that takes some microseconds, each time another way. */
export type Call = () => Promise<unknown>;

/**
 * Measures calls in this process in turns: in each round so many of each, one after the other. Answers for each the
 * median of its rounds' medians, in microseconds, and its ratio to the first: the median of the rounds' ratios.
 */
export async function compareCosts<Name extends string>(
  calls: Readonly<Record<Name, Call>>,
  { rounds, callsInRound }: { readonly rounds: number; readonly callsInRound: number },
): Promise<Readonly<Record<Name, { readonly micros: number; readonly ofFirst: number }>>> {
  const names = Object.keys(calls) as Name[];
  const [first] = names;
  const measured: Record<Name, number>[] = [];
  // The first round is not counted: statements are prepared, and pages come from the disk.
  for (let round = 0; round <= rounds; round += 1) {
    const micros = {} as Record<Name, number>;
    for (const name of names) micros[name] = await measureCalls(calls[name], callsInRound);
    if (round > 0) measured.push(micros);
  }
  const costs = names.map((name) => [
    name,
    {
      micros: median(measured.map((micros) => micros[name])),
      ofFirst: median(measured.map((micros) => micros[name] / micros[first ?? name])),
    },
  ]);
  return Object.fromEntries(costs);
}

async function measureCalls(call: Call, times: number): Promise<number> {
  const micros: number[] = [];
  for (let n = 0; n < times; n += 1) {
    const startedMs = performance.now();
    await call();
    micros.push((performance.now() - startedMs) * 1000);
  }
  return median(micros);
}
