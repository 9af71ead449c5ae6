import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { TaskCenterError } from "../../../task/error.ts";
import { refusal } from "./trouble.ts";
import type { ThreadEvent, ThreadMessage, ThreadWork, ThreadWorkName } from "./worker.ts";

/**
 * Does work in a thread of its own that may keep the engine busy for minutes, so that this one still hears signals and
 * shows progress. The engine cannot be interrupted: when the signal comes, the thread is left to itself, and ends with
 * the process at the latest.
 *
 * @throws what the work throws; the signal's reason.
 */
export function inThread<Name extends ThreadWorkName>(
  name: Name,
  input: Parameters<ThreadWork[Name]>[0],
  { signal, onEvent }: { readonly signal?: AbortSignal; readonly onEvent?: (event: ThreadEvent) => void },
): Promise<ReturnType<ThreadWork[Name]>> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // The same ending as this file has: the package holds the build alone.
    const file = new URL(`worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, { workerData: { name, input } });
    signal?.addEventListener("abort", () => {
      reject(signal.reason);
      void worker.terminate();
    });
    worker.on("error", reject);
    // After an answer nobody hears this any more.
    worker.on("exit", () => reject(refusal("The work ended before it was done")));
    worker.on("message", (message: ThreadMessage<Name>) => {
      if (message.kind === "event") onEvent?.(message.event);
      else if (message.kind === "done") resolve(message.answer);
      else reject(new TaskCenterError(message.code, message.text));
    });
  });
}
