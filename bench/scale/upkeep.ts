import { join } from "node:path";
import { checkStore } from "../../src/store/sqlite/upkeep/check.ts";
import { recountStore } from "../../src/store/sqlite/upkeep/rebuild.ts";
import { storeFile } from "./filled-store.ts";

/** Counts everything anew, while no server has the store open. Answers how long that took, and how many series there are. */
export function timeRebuild({ directory }: { readonly directory: string }): {
  readonly seconds: number;
  readonly series: number;
} {
  const startedMs = performance.now();
  const series = recountStore({ storePath: join(directory, storeFile) });
  return { seconds: (performance.now() - startedMs) / 1000, series };
}

/** Checks the whole store as `taskcenter store check` does. @throws Error where anything is wrong. */
export function checkWhole(
  { directory }: { readonly directory: string },
  tell: (text: string) => void,
): void {
  const findings: string[] = [];
  checkStore({ storePath: join(directory, storeFile) }, (event) => {
    if (event.kind !== "result") return;
    findings.push(...event.result.findings);
    tell(`checked: ${event.result.check}`);
  });
  if (findings.length > 0) throw new Error(`the store is not whole after the run: ${findings.join("; ")}`);
}
