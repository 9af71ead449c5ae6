import type { TaskState } from "../task/lifecycle.ts";

/** How the commands end, as `taskcenter --help` lists it. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  taskCanceled: 3,
  unreachable: 69,
  notAllowed: 77,
  timedOut: 124,
  interrupted: 130,
} as const;

/** How commands that follow a task to its end tell what became of it. */
export const exitCodeOfState = {
  pending: exitCodes.ok,
  running: exitCodes.ok,
  succeeded: exitCodes.ok,
  failed: exitCodes.failed,
  canceled: exitCodes.taskCanceled,
} as const satisfies Record<TaskState, number>;
