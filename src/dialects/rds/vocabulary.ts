import type { lifecycles, TaskStatus } from "../../task/lifecycle.ts";

/**
 * The words of the scheduled tasks' status filter, in the manual's order. Each one means itself: here a canceled task
 * has a word of its own.
 */
export const scheduledStatusesByWord = {
  Initing: ["Initing"],
  Pending: ["Pending"],
  Running: ["Running"],
  Completed: ["Completed"],
  Failed: ["Failed"],
  Unauthorized: ["Unauthorized"],
  Canceled: ["Canceled"],
} as const satisfies Record<keyof typeof lifecycles.scheduled, readonly TaskStatus[]>;
