import { openTreeCheck } from "../../counts/check-tree.ts";
import { type StoredNode, storedLimits, type TreeLimits } from "../../counts/count-tree.ts";
import { compareBytewise } from "../../task/query.ts";
import {
  changesOf,
  groupsOfProject,
  nodesOf,
  projectsWithCounts,
  type SeriesGroup,
  tasksOf,
} from "./project-series.ts";
import type { Query, Session } from "./session.ts";

/** How many faults of one project, service, kind and dimension are named at most: each may be in millions of series. */
const mostFaults = 100;

/**
 * Holds the count trees of every project, and the changes that wait for their fold, against the tasks; answers in words
 * what is wrong, nothing where every total is exact. Nothing is written, and servers go on: what belongs together is read
 * in one snapshot each. The session's statements must be allowed to take long.
 */
export async function* checkCounts(
  session: Session,
  options: {
    /** Told how many tasks were looked at, each three times: in the series of its service, name and instance. */
    readonly onTasks?: (tasks: number) => void;
    readonly limits?: TreeLimits;
  } = {},
): AsyncGenerator<string> {
  const { onTasks = () => {}, limits = storedLimits } = options;
  for (const projectId of await session.snapshot(projectsWithCounts)) {
    for (const group of await groupsOfProject(session.query, projectId)) {
      yield* await session.snapshot(async (query) => {
        const faults: string[] = [];
        for await (const fault of faultsOf(query, group, { onTasks, limits })) {
          faults.push(fault);
          if (faults.length === mostFaults) break;
        }
        return faults;
      });
    }
  }
}

/**
 * Reads trees and tasks side by side, in the order of their series' values, so that the nodes of one series at a time are
 * in memory, and of the tasks only some.
 */
async function* faultsOf(
  query: Query,
  group: SeriesGroup,
  { onTasks, limits }: { readonly onTasks: (tasks: number) => void; readonly limits: TreeLimits },
): AsyncGenerator<string> {
  const waiting = new Map(await changesOf(query, group));

  function begin(value: string, nodes: readonly StoredNode[]) {
    const check = openTreeCheck(nodes, limits);
    // The tree must be what the tasks were before the changes that it does not know.
    for (const { by, ...task } of waiting.get(value) ?? []) check.add(task, by === 1 ? -1 : 1);
    waiting.delete(value);
    return { value, check };
  }

  function* end({ value, check }: ReturnType<typeof begin>): Generator<string> {
    for (const fault of check.findings()) yield `${nameOf(group, value)}: ${fault}`;
  }

  const trees = nodesOf(query, group);
  let tree = await trees.next();
  let current: ReturnType<typeof begin> | undefined;
  for await (const tasks of tasksOf(query, group)) {
    for (const { value, ...task } of tasks) {
      if (current?.value !== value) {
        if (current !== undefined) yield* end(current);
        for (; !tree.done && compareBytewise(tree.value.value, value) < 0; tree = await trees.next()) {
          yield* end(begin(tree.value.value, tree.value.nodes));
        }
        const hasTree: boolean = !tree.done && tree.value.value === value;
        current = begin(value, hasTree ? tree.value.nodes : []);
        if (hasTree) tree = await trees.next();
      }
      current.check.add(task);
    }
    onTasks(tasks.length);
  }
  if (current !== undefined) yield* end(current);
  for (; !tree.done; tree = await trees.next()) yield* end(begin(tree.value.value, tree.value.nodes));
  for (const value of [...waiting.keys()]) yield* end(begin(value, []));
}

function nameOf({ projectId, service, kind, dimension }: SeriesGroup, value: string): string {
  return `project ${projectId}, ${service} ${kind}${dimension === "service" ? "" : `, ${dimension} ${value}`}`;
}
