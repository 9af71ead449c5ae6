import type { DatabaseSync } from "node:sqlite";
import { comparePlaces } from "../../counts/place.ts";
import { spanBeyond } from "../../counts/span.ts";
import { services } from "../../task/lifecycle.ts";
import {
  compareBytewise,
  compareNewestFirst,
  matchesFilter,
  type Place,
  type TaskFilter,
  type TaskPage,
  type TaskQuery,
} from "../../task/query.ts";
import type { Task, TaskKey } from "../../task/task.ts";
import { combinationsOf, distinct } from "../task-filters.ts";
import { maxGroups } from "../task-groups.ts";
import { prepareCountedLists } from "./counted-lists.ts";
import type { Counting } from "./counting.ts";
import {
  type CountedPlan,
  isCounted,
  type ListPlan,
  planOf,
  type ReadableSeries,
  seriesIn,
} from "./list-plan.ts";
import { type Reach, type RememberedQuestion, rememberPages } from "./remembered-pages.ts";
import { type Found, prepareSearch } from "./search.ts";
import { type Dimension, prepareNames } from "./series.ts";
import { stretchesOf } from "./stretches.ts";

/** How much work a question may be. */
export interface Patience {
  /** How many tasks may be looked at one by one, where nothing costly is looked for. */
  readonly tasks: number;
  /** How many series may be looked at one by one. */
  readonly series: number;
  /** Asked between two pieces of work. @throws TaskCenterError `query-too-broad` when it is enough. */
  readonly goOn: () => void;
  /** Whether a piece of work that can be gone on with should rest. */
  readonly isSpent: () => boolean;
}

/** How many entries of an index are passed over in the time in which a task is looked at. */
const entriesPerTask = 20;

/** How many tasks are looked at in the time in which a series is counted. */
const tasksPerSeries = 10;

/** How many series are counted for groups at most: there are not to be nearly as many groups. */
const mostSeriesForGroups = 5 * maxGroups;

/** What the thread that serves everybody may do for one question: about a millisecond. */
export const shortPatience: Patience = { tasks: 500, series: 100, goOn() {}, isSpent: () => true };

/** Answers the lists' questions from an open database; undefined for one that is more work than there is patience. */
export function prepareTaskLists(parts: {
  readonly database: DatabaseSync;
  readonly counting: Counting;
  readonly readTask: (key: TaskKey) => Task | undefined;
  readonly patience: Patience;
}) {
  const { database, counting, readTask, patience } = parts;
  const counted = prepareCountedLists(database);
  const { search, countUpTo } = prepareSearch(database);
  const listNames = prepareNames(database);
  const remembered = rememberPages();
  /** One more than there is patience for: so many say that there are too many. */
  const enoughNames = Math.min(patience.series, Number.MAX_SAFE_INTEGER - 1) + 1;

  /** Whether all tasks that a plan would have to look at may be looked at, and all entries of its index passed over. */
  function isLittle(plan: ListPlan): boolean {
    if (plan.ranges.length === 0 || patience.tasks === Number.POSITIVE_INFINITY) return true;
    const mostTasks = Math.floor(patience.tasks / plan.rest.reduce((sum, { cost = 0 }) => sum + cost, 1));
    // Entries of other statuses are passed over one by one: a rare status may have very many before it.
    return !holdsMore(ofAnyStatus(plan), patience.tasks * entriesPerTask) && !holdsMore(plan, mostTasks);
  }

  function holdsMore(plan: ListPlan, most: number): boolean {
    const { trees } = plan;
    return trees === undefined
      ? countUpTo(plan, plan, most + 1) > most
      : counted.count({ ...plan, trees }, plan) > most;
  }

  function* searchAll(plan: ListPlan, order: TaskQuery["order"]): Generator<Found> {
    for (const stretch of stretchesOf(plan, order)) {
      for (const { found } of search(plan, stretch, order)) {
        yield* found;
        patience.goOn();
      }
    }
  }

  function searchPage(plan: ListPlan, query: TaskQuery): TaskPage {
    const { order, after, offset, limit, withNames, filter } = query;
    const span = after === undefined ? plan : spanBeyond(plan, after, order);
    const names = new Set<string>();
    const ids: string[] = [];
    let total = 0;
    let passed = 0;
    for (const found of searchAll(plan, order)) {
      total += 1;
      if (withNames) names.add(found.name);
      if (comparePlaces(found, span.from) < 0 || comparePlaces(found, span.to) >= 0) continue;
      passed += 1;
      if (passed > offset && ids.length < limit) ids.push(found.id);
    }
    const tasks = ids.flatMap((id) => readTask({ projectId: filter.projectId, id }) ?? []);
    return { tasks, total, names: sortedNames(names) };
  }

  function countedPage(plan: CountedPlan, query: TaskQuery): TaskPage | undefined {
    const names = query.withNames ? namesOf(plan, query) : [];
    if (names === undefined) return undefined;
    const total = counted.count(plan, plan);
    return { tasks: total === 0 ? [] : counted.readPage(plan, query), total, names };
  }

  /** The distinct names of a plan's tasks. */
  function namesOf(plan: CountedPlan, { filter }: TaskQuery): readonly string[] | undefined {
    if (plan.dimension === "instance") {
      if (!isLittle(plan)) return undefined;
      const names = new Set<string>();
      for (const { name } of searchAll(plan, "oldest-first")) names.add(name);
      return sortedNames(names);
    }
    if (plan.dimension === "service" && plan.slots === undefined) return namesInWindow(plan, filter);
    const series = plan.dimension === "name" ? seriesIn(plan) : seriesOf(filter, "name");
    const found = series?.filter(({ readTree }) => {
      patience.goOn();
      return counted.hasAny({ ...plan, trees: [readTree()] });
    });
    return found && sortedNames(new Set(found.map(({ subject }) => subject.value)));
  }

  /** The names with any task in a window, whatever its status: the index of each one's series is looked into once. */
  function namesInWindow({ from, to }: CountedPlan, filter: TaskFilter): readonly string[] | undefined {
    const names: string[] = [];
    let looked = 0;
    for (const combination of combinationsOf(filter)) {
      const series = listNames(combination, { from, to }, enoughNames);
      looked += series.length;
      if (looked > patience.series) return undefined;
      patience.goOn();
      for (const [name, hasTasks] of series) if (hasTasks === 1) names.push(name);
    }
    return sortedNames(new Set(names));
  }

  /** The series of every name, or every instance; undefined where there are too many. */
  function seriesOf(
    filter: TaskFilter,
    dimension: Dimension,
    most = patience.series,
  ): readonly ReadableSeries[] | undefined {
    const found: ReadableSeries[] = [];
    for (const { projectId, service, kind } of combinationsOf(filter)) {
      // One more than that says that there are too many.
      const enough = Math.min(most - found.length, Number.MAX_SAFE_INTEGER - 1) + 1;
      const listed = counting.series.listSeries({ projectId, service, kind, dimension }, enough);
      for (const [value, id] of listed) {
        found.push({ subject: { service, kind, value }, readTree: () => counting.treeOf(dimension, id) });
      }
      if (found.length > most) return undefined;
    }
    return found;
  }

  /** A page of named tasks. There are few of them: they are looked up and held against the filter one by one. */
  function pageOfIds(query: TaskQuery, ids: readonly string[]): TaskPage {
    const { filter, order, offset, limit, withNames, after } = query;
    const direction = order === "newest-first" ? 1 : -1;
    const matching = distinct(ids)
      .flatMap((id) => readTask({ projectId: filter.projectId, id }) ?? [])
      .filter((task) => matchesFilter(task, filter))
      .sort((a, b) => direction * compareNewestFirst(a, b));
    const following =
      after === undefined
        ? matching
        : matching.filter((task) => direction * compareNewestFirst(after, task) < 0);
    return {
      tasks: following.slice(offset, offset + limit),
      total: matching.length,
      names: withNames ? sortedNames(new Set(matching.map((task) => task.name))) : [],
    };
  }

  /** For which other windows a page is the answer, too: those between whose ends and the page's no task stands. */
  function reachOf(plan: CountedPlan): Reach {
    const firsts = (from: Place) =>
      plan.trees.map(({ source }) => source.readFirst(from)?.createdAtMs ?? Infinity);
    const lasts = (to: Place) =>
      plan.trees.map(({ source }) => source.readLast(to)?.createdAtMs ?? -Infinity);
    return {
      fromMs: { least: Math.max(...lasts(plan.from)) + 1, most: Math.min(...firsts(plan.from)) },
      toMs: { least: Math.max(...lasts(plan.to)), most: Math.min(...firsts(plan.to)) - 1 },
    };
  }

  /**
   * The series that count the tasks of a plan where some dimensions tell them apart; undefined where none do, where those
   * are too many, and where it takes less to look at the tasks.
   */
  function seriesToldApart(
    plan: CountedPlan,
    filter: TaskFilter,
    dimensions: readonly Dimension[],
  ): readonly ReadableSeries[] | undefined {
    const [dimension = plan.dimension, ...others] = dimensions;
    if (others.length > 0) return undefined;
    if (dimension === plan.dimension) return seriesIn(plan);
    if (plan.dimension !== "service" || dimension === undefined) return undefined;
    const tasks = counted.count(plan, plan) + counted.count(ofAnyStatus(plan), plan) / entriesPerTask;
    const worthwhile = Math.min(patience.series, mostSeriesForGroups, Math.ceil(tasks / tasksPerSeries));
    return seriesOf(filter, dimension, worthwhile);
  }

  function list(query: TaskQuery): TaskPage | undefined {
    const { filter } = query;
    if (filter.ids !== undefined) return pageOfIds(query, filter.ids);
    const question = questionOf(query, counting);
    const known = remembered.find(question);
    if (known !== undefined) return known;
    const plan = planOf(filter, counting);
    let page: TaskPage | undefined;
    if (isCounted(plan)) page = countedPage(plan, query);
    else if (isLittle(plan)) page = searchPage(plan, query);
    if (page === undefined) return undefined;
    remembered.keep(question, page, () => (isCounted(plan) ? reachOf(plan) : undefined));
    return page;
  }

  return { list, seriesToldApart, isLittle, searchAll, search, readPage: counted.readPage };
}

/** The same plan for tasks of any status. */
function ofAnyStatus<Plan extends ListPlan>(plan: Plan): Plan {
  return { ...plan, slots: undefined, status: [] };
}

function questionOf({ filter, ...query }: TaskQuery, counting: Counting): RememberedQuestion {
  const {
    createdFromMs = Number.MIN_SAFE_INTEGER,
    createdToMs = Number.MAX_SAFE_INTEGER,
    ...conditions
  } = filter;
  return {
    text: JSON.stringify([conditions, query]),
    fromMs: createdFromMs,
    toMs: createdToMs,
    changeNumber: counting.changeNumber(filter.projectId, filter.services ?? services),
  };
}

function sortedNames(names: ReadonlySet<string>): readonly string[] {
  return [...names].sort(compareBytewise);
}
