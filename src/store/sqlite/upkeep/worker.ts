import { parentPort, workerData } from "node:worker_threads";
import { type ErrorCode, TaskCenterError } from "../../../task/error.ts";
import type { CheckEvent } from "../../checks.ts";
import { completeBackup } from "./backup.ts";
import { checkStore } from "./check.ts";
import { completeRestored } from "./restore.ts";
import { troubleWith } from "./trouble.ts";

/** What may be done in a thread of its own, by name. */
const work = { completeBackup, completeRestored, checkStore } as const;

export type ThreadWork = typeof work;
export type ThreadWorkName = keyof ThreadWork;
/** What is told before the work is done. */
export type ThreadEvent = CheckEvent;

/** What a thread says to the one that started it. An error would lose its class on the way. */
export type ThreadMessage<Name extends ThreadWorkName> =
  | { readonly kind: "event"; readonly event: ThreadEvent }
  | { readonly kind: "done"; readonly answer: ReturnType<ThreadWork[Name]> }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly text: string };

const { name, input }: { readonly name: ThreadWorkName; readonly input: never } = workerData;

function tell(message: ThreadMessage<ThreadWorkName>): void {
  parentPort?.postMessage(message);
}

try {
  tell({ kind: "done", answer: work[name](input, (event) => tell({ kind: "event", event })) });
} catch (cause) {
  const error = troubleWith("The copy", cause);
  if (!(error instanceof TaskCenterError)) throw error;
  tell({ kind: "refused", code: error.code, text: error.message });
}
