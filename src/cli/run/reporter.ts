import { isPassing } from "../../client/errors.ts";
import {
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

/**
 * Reports through a client, which is connected when it is first needed, and again where that failed. What is told has
 * the times of this machine's clock. Where that is wrong, the server would refuse them or record them as they are: so it
 * is asked for its own time first, once, since a creation that is repeated must be the same to the letter.
 */
export function clientReporter(
  connect: (options: { readonly signal: AbortSignal }) => Promise<TaskCenterClient>,
): TaskReporter {
  const open = async (signal: AbortSignal) => {
    const client = await connect({ signal });
    return { client, aheadMs: await client.serverAheadMs({ signal }) };
  };
  let opened: Awaited<ReturnType<typeof open>> | undefined;
  const server = async (signal: AbortSignal) => {
    opened ??= await open(signal);
    return opened;
  };
  return {
    create: (creation, signal) =>
      outcomeOf(signal, async () => {
        const { client, aheadMs } = await server(signal);
        const created_at = later(creation.created_at, aheadMs);
        return client.createTask({ ...creation, created_at }, { signal });
      }),
    report: (id, report, signal) =>
      outcomeOf(signal, async () => {
        const { client, aheadMs } = await server(signal);
        const reported_at = later(report.reported_at, aheadMs);
        return client.reportTask(id, { ...report, reported_at }, { signal });
      }),
  };
}

/** A time so much later, where one is given. */
function later(time: string | undefined, ms: number): string | undefined {
  return time === undefined ? undefined : new Date(Date.parse(time) + ms).toISOString();
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
  return isPassing(error) || error instanceof ConnectionError;
}
