import type { CopyWatch } from "../../store/sqlite/upkeep/index.ts";
import { interruptible } from "../interruption.ts";
import { progressOn } from "../progress.ts";

/** Makes a copy with its progress on the terminal; a signal stops it. Answers how long it took, too. */
export async function watchCopy<T>(
  title: string,
  copy: (watch: CopyWatch) => Promise<T>,
): Promise<T & { readonly tookMs: number }> {
  const startedMs = performance.now();
  const progress = progressOn(process.stderr);
  try {
    const facts = await interruptible((signal) =>
      copy({
        signal,
        tellProgress: (percent) => progress.show(title, percent),
        tellChecking: () => progress.show("checking the copy", undefined),
      }),
    );
    return { ...facts, tookMs: performance.now() - startedMs };
  } finally {
    progress.erase();
  }
}
