import { lifecycleOf, type Operation } from "../../task/lifecycle.ts";
import { operationsOf, type Task } from "../../task/task.ts";

/**
 * DDM's words for what an operator may ask of a task, in the order in which they are shown. Nothing in DDM is approved:
 * it has no scheduled tasks.
 */
const operationWords = {
  modify_switching_strategy: "modifySwitchingStrategy",
  cancel: "toBeCanceled",
  retry: "toBeRetried",
  rollback: "toBeRolled",
  switch: "toBeSwitched",
  clean: "toBeCleaned",
} as const satisfies Record<Exclude<Operation, "approve">, string>;

const wordsInOrder: readonly (readonly [string, string])[] = Object.entries(operationWords);
const noOperations: readonly string[] = [];

/** What DDM offers to do with a task: something only with a shard configuration task. */
export function shownOperations(task: Task): readonly string[] {
  if (lifecycleOf(task) !== "shard") return noOperations;
  const allowed: readonly string[] = operationsOf(task);
  return wordsInOrder.filter(([operation]) => allowed.includes(operation)).map(([, word]) => word);
}
