import type { ApartMessage } from "./apart.ts";
import { compareTotals, sortIds } from "./brute-force.ts";
import { makeStore } from "./filled-store.ts";
import { checkWhole, timeRebuild } from "./upkeep.ts";

/** What may be done in a process of its own, by name. */
const work = { makeStore, compareTotals, sortIds, timeRebuild, checkWhole } as const;

export type ApartWork = typeof work;
export type ApartWorkName = keyof ApartWork;

/** Answers when the whole message has gone. */
function say(message: ApartMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
}

process.once("message", async ({ name, input }: { readonly name: ApartWorkName; readonly input: never }) => {
  try {
    const answer = await work[name](input, (text) => void say({ kind: "told", text }));
    await say({ kind: "done", answer });
  } catch (error) {
    await say({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  }
  process.disconnect?.();
});
// Whoever wanted the answer is gone.
process.once("disconnect", () => process.exit());
