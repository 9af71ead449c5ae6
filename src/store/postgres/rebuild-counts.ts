import { buildTree } from "../../counts/build.ts";
import { type StoredNode, storedLimits, type TreeLimits } from "../../counts/count-tree.ts";
import { foldLock, renewVersion, WrittenNodes } from "./fold.ts";
import {
  groupsOfProject,
  projectsWithCounts,
  type SeriesGroup,
  seriesIn,
  tasksOf,
} from "./project-series.ts";
import type { SeriesKey } from "./series.ts";
import { type Query, type Session, statement } from "./session.ts";

/** How many nodes are written at once. */
const nodesAtOnce = 2000;

const waitForLock = statement(`SELECT pg_advisory_xact_lock(${foldLock})`);
const deleteChanges = statement("DELETE FROM count_change WHERE project_id = $1");
const deleteNodes = statement("DELETE FROM count_node WHERE project_id = $1");

/**
 * Builds the count trees of every project anew from its tasks, project by project, while servers go on: each project's
 * are replaced at once, and what is reported meanwhile waits beside them like any other change. The session's statements
 * must be allowed to take long, and it has two connections: one waits for the lock that keeps folds away, and the other
 * one's snapshot begins after that, so that it misses nothing that was folded before. Answers how many series there are.
 */
export async function rebuildCounts(
  session: Session,
  options: {
    /** Told how many tasks were counted, each three times: in the series of its service, name and instance. */
    readonly onTasks?: (tasks: number) => void;
    readonly limits?: TreeLimits;
  } = {},
): Promise<number> {
  const { onTasks = () => {}, limits = storedLimits } = options;
  let series = 0;
  for (const projectId of await session.snapshot(projectsWithCounts)) {
    series += await session.transaction(async (locking) => {
      await locking(waitForLock, [projectId]);
      return session.transaction(
        (query) => rebuildProject(query, projectId, { onTasks, limits }),
        "REPEATABLE READ",
      );
    });
  }
  return series;
}

interface Building {
  readonly onTasks: (tasks: number) => void;
  readonly limits: TreeLimits;
}

async function rebuildProject(query: Query, projectId: string, building: Building): Promise<number> {
  await query(deleteChanges, [projectId]);
  await query(deleteNodes, [projectId]);
  let series = 0;
  for (const group of await groupsOfProject(query, projectId)) {
    series += await rebuildGroup(query, group, building);
  }
  await renewVersion(query, projectId);
  return series;
}

async function rebuildGroup(
  query: Query,
  group: SeriesGroup,
  { onTasks, limits }: Building,
): Promise<number> {
  const writing = writeNodes(query, group.projectId);
  let current: string | undefined;
  let tree = buildTree(limits);
  let series = 0;
  for await (const tasks of tasksOf(query, group)) {
    for (const { value, ...task } of tasks) {
      if (value !== current) {
        if (current !== undefined) await writing.add(seriesIn(group, current), tree.nodes());
        tree = buildTree(limits);
        current = value;
        series += 1;
      }
      tree.add(task);
    }
    onTasks(tasks.length);
  }
  if (current !== undefined) await writing.add(seriesIn(group, current), tree.nodes());
  await writing.end();
  return series;
}

/** Writes nodes, many at a time. */
function writeNodes(query: Query, projectId: string) {
  let written = new WrittenNodes();
  let count = 0;
  async function end(): Promise<void> {
    await written.write(query, projectId);
    written = new WrittenNodes();
    count = 0;
  }
  return {
    async add(series: SeriesKey, nodes: Iterable<StoredNode>): Promise<void> {
      for (const node of nodes) {
        written.of(series).writeNode(node);
        count += 1;
        if (count >= nodesAtOnce) await end();
      }
    },
    end,
  };
}
