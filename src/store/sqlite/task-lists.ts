import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import {
  compareBytewise,
  compareNewestFirst,
  matchesFilter,
  type TaskPage,
  type TaskQuery,
} from "../../task/query.ts";
import type { Task, TaskKey } from "../../task/task.ts";
import { byName, byService, distinct, type ListPlan, planOf, rangeOf } from "./list-plan.ts";
import { rememberAnswers } from "./remembered-answers.ts";
import type { Session } from "./session.ts";
import { limited, prepareOnce } from "./statements.ts";
import { type TaskRow, taskColumns, taskOfRow } from "./task-rows.ts";

/** How many of the lists' statements stay prepared: each filter of the services has one or two. */
const preparedStatements = 200;

/** A task's columns, apart from those of its place in the page. */
const pageColumns = taskColumns.map((column) => `task.${column}`).join(", ");

/** Answers the lists' questions from an open database. */
export function prepareTaskLists(
  database: DatabaseSync,
  session: Session,
  readTask: (key: TaskKey) => Task | undefined,
) {
  const rememberCount = rememberAnswers<number>(session);
  const rememberNames = rememberAnswers<readonly string[]>(session);
  const prepared = prepareOnce(database, preparedStatements);

  /** The tasks of a page: their places are found in the index alone, then their rows are read. */
  function readPage(plan: ListPlan, { order, offset, limit }: TaskQuery): readonly Task[] {
    const direction = order === "newest-first" ? "DESC" : "ASC";
    const places = `SELECT rowid AS place, created_at_ms, id ${rangeOf(plan)}`;
    const sql = `SELECT ${pageColumns} FROM (
        ${plan.ranges.map(() => places).join(" UNION ALL ")}
        ORDER BY created_at_ms ${direction}, id ${direction} ${limited} OFFSET ?
      ) AS page
      JOIN task ON task.rowid = page.place
      ORDER BY page.created_at_ms ${direction}, page.id ${direction}`;
    return prepared<TaskRow>(sql)
      .all(...plan.ranges.flat(), limit, offset)
      .map(taskOfRow);
  }

  /**
   * The same tasks, by ranges that begin with the creation of their first task and end with that of their last. To a
   * caller who asks again and again for everything until now, that is the same question, whose answer is remembered.
   */
  function drawnIn(plan: ListPlan): ListPlan {
    const { index, rangeCondition, windowAt } = plan;
    if (windowAt === undefined) return plan;
    const inRange = `FROM task INDEXED BY ${index.name} WHERE ${rangeCondition}`;
    const first = prepared<[ms: number | null]>(`SELECT min(created_at_ms) ${inRange}`);
    const last = prepared<[ms: number | null]>(`SELECT max(created_at_ms) ${inRange}`);
    const ranges = plan.ranges.flatMap((range) => {
      const bounds = range.slice(0, windowAt + 2);
      const [firstMs] = first.get(...bounds) ?? [null];
      const [lastMs] = last.get(...bounds) ?? [null];
      return firstMs === null ? [] : [range.with(windowAt, firstMs).with(windowAt + 1, lastMs)];
    });
    return { ...plan, ranges };
  }

  /** How many tasks a plan finds: the only place that counts. */
  function count(plan: ListPlan): number {
    const statement = prepared<[count: number]>(`SELECT count(*) ${rangeOf(plan)}`);
    return plan.ranges.reduce((total, range) => total + (statement.get(...range)?.[0] ?? 0), 0);
  }

  /** The distinct names of the tasks that a plan finds. */
  function readNames(plan: ListPlan): readonly string[] {
    const found = plan.ranges.flatMap((range) =>
      plan.index === byService ? skipThroughNames(plan, range) : collectNames(plan, range),
    );
    return sortedNames(found.map(([name]) => name));
  }

  /** A range of many names: jumps in the name index from each name to the next, and keeps those with a task. */
  function skipThroughNames(plan: ListPlan, range: readonly SQLInputValue[]): readonly [name: string][] {
    const inIndex = `FROM task INDEXED BY ${byName.name} WHERE`;
    const inProject = "project_id = ? AND service = ? AND kind = ?";
    const projectServiceKind = range.slice(0, 3);
    const sql = `WITH RECURSIVE candidate (name) AS (
        SELECT (SELECT min(task.name) ${inIndex} ${inProject})
        UNION ALL
        SELECT (SELECT min(task.name) ${inIndex} ${inProject} AND task.name > candidate.name)
        FROM candidate WHERE candidate.name IS NOT NULL
      )
      SELECT candidate.name FROM candidate
      WHERE EXISTS (SELECT 1 ${inIndex} task.name = candidate.name AND ${plan.condition})`;
    return prepared<[name: string]>(sql).all(...projectServiceKind, ...projectServiceKind, ...range);
  }

  /** A range of few tasks, one instance's or one order's, or of one name: then one task tells it. */
  function collectNames(plan: ListPlan, range: readonly SQLInputValue[]): readonly [name: string][] {
    const limit = plan.index === byName ? "LIMIT 1" : "";
    return prepared<[name: string]>(`SELECT DISTINCT name ${rangeOf(plan)} ${limit}`).all(...range);
  }

  /** A page of named tasks. There are few of them: they are looked up and held against the filter one by one. */
  function pageOfIds(query: TaskQuery, ids: readonly string[]): TaskPage {
    const { filter, order, offset, limit, withNames } = query;
    const direction = order === "newest-first" ? 1 : -1;
    const matching = distinct(ids)
      .flatMap((id) => readTask({ projectId: filter.projectId, id }) ?? [])
      .filter((task) => matchesFilter(task, filter))
      .sort((a, b) => direction * compareNewestFirst(a, b));
    return {
      tasks: matching.slice(offset, offset + limit),
      total: matching.length,
      names: withNames ? sortedNames(matching.map((task) => task.name)) : [],
    };
  }

  return function listTasks(query: TaskQuery): TaskPage {
    const { filter, offset, limit, withNames } = query;
    if (filter.ids !== undefined) return pageOfIds(query, filter.ids);
    const plan = planOf(filter);
    if (plan.ranges.length === 0) return { tasks: [], total: 0, names: [] };
    const tasks = readPage(plan, query);
    // A page that could hold more ends with the filter's last task.
    const isLast = tasks.length < limit && (tasks.length > 0 || offset === 0);
    if (isLast && !withNames) return { tasks, total: offset + tasks.length, names: [] };
    const drawn = drawnIn(plan);
    const question = JSON.stringify(drawn);
    return {
      tasks,
      total: rememberCount(question, () => count(drawn)),
      names: withNames ? rememberNames(question, () => readNames(drawn)) : [],
    };
  };
}

function sortedNames(names: readonly string[]): readonly string[] {
  return [...distinct(names)].sort(compareBytewise);
}
