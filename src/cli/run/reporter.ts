import {
  ApiError,
  ConnectionError,
  type CreateTaskBody,
  type ReportTaskBody,
  type TaskCenterClient,
} from "../../client/index.ts";
import { describeFailure } from "../failure.ts";

/** What became of something that was told to the server. */
export type Outcome =
  | { readonly kind: "accepted" }
  /** The answer is no, and would be no again. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It is not known to have arrived: nobody answered, or not in time, or the server could not do it now. */
  | { readonly kind: "undelivered"; readonly reason: string };

/**
 * Tells a server of one task. Neither call ever throws, and both may be repeated: a creation with the same id and an
 * equal body makes one task. A call ends in bounded time, and soon after its signal, then as `undelivered`.
 */
export interface TaskReporter {
  create(creation: CreateTaskBody & { readonly id: string }, signal: AbortSignal): Promise<Outcome>;
  report(id: string, report: ReportTaskBody, signal: AbortSignal): Promise<Outcome>;
}

/** Reports through a client, which is connected when it is first needed, and again where that failed. */
export function clientReporter(
  connect: (options: { readonly signal: AbortSignal }) => Promise<TaskCenterClient>,
): TaskReporter {
  let connected: TaskCenterClient | undefined;
  const client = async (signal: AbortSignal) => {
    connected ??= await connect({ signal });
    return connected;
  };
  return {
    create: (creation, signal) =>
      outcomeOf(signal, async () => (await client(signal)).createTask(creation, { signal })),
    report: (id, report, signal) =>
      outcomeOf(signal, async () => (await client(signal)).reportTask(id, report, { signal })),
  };
}

async function outcomeOf(signal: AbortSignal, call: () => Promise<unknown>): Promise<Outcome> {
  try {
    await call();
    return { kind: "accepted" };
  } catch (error) {
    if (signal.aborted) return { kind: "undelivered", reason: "the server does not answer in time" };
    const reason = describeFailure(error).message ?? "";
    return { kind: mayPass(error) ? "undelivered" : "refused", reason };
  }
}

/** Whether a failure may pass by itself: nobody answers, or the server has trouble of its own, or too much to do. */
function mayPass(error: unknown): boolean {
  if (error instanceof ApiError) return error.status >= 500 || error.status === 429;
  return error instanceof ConnectionError;
}
