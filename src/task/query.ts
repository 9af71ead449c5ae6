import type { Service, TaskKind, TaskState, TaskStatus } from "./lifecycle.ts";
import { type HistoryEntry, isStale, type Task, type TaskKey } from "./task.ts";

/**
 * Which tasks are meant. Every condition given must hold, and undefined is a condition not given; a list means any of
 * its values, and an empty list means no task at all. Text is compared exactly; both ends of the time window are
 * inclusive.
 */
export interface TaskFilter {
  readonly projectId: string;
  readonly services?: readonly Service[] | undefined;
  readonly kinds?: readonly TaskKind[] | undefined;
  readonly statuses?: readonly TaskStatus[] | undefined;
  readonly names?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly instanceIds?: readonly string[] | undefined;
  readonly instanceNames?: readonly string[] | undefined;
  readonly databaseNames?: readonly string[] | undefined;
  readonly orderIds?: readonly string[] | undefined;
  /** Of which tasks these are children; a task without a parent is none of them. */
  readonly parentIds?: readonly string[] | undefined;
  /** By the label's key; a task without the label has none of its values. */
  readonly labels?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Parts of any of the task's `searchedTexts`; of A to Z and a to z the case does not matter. */
  readonly texts?: readonly string[] | undefined;
  /** Whether the task is stale at that moment. */
  readonly stale?: { readonly wanted: boolean; readonly atMs: number } | undefined;
  readonly createdFromMs?: number | undefined;
  readonly createdToMs?: number | undefined;
}

/** Where a task stands in every list. No two tasks of a project stand at the same place. */
export interface Place {
  readonly createdAtMs: number;
  readonly id: string;
}

/** By creation time; ties by id, bytewise, in the same direction. */
export type TaskOrder = "newest-first" | "oldest-first";

/** The canonical question that every list call of every API becomes. */
export interface TaskQuery {
  readonly filter: TaskFilter;
  readonly order: TaskOrder;
  /** Where the page before ended: what stands there, or before it in this order, is left out. */
  readonly after?: Place | undefined;
  /** How many tasks of the filter to pass over, from 0; those left out by `after` do not count. */
  readonly offset: number;
  /** How many tasks to answer at most, from 1. */
  readonly limit: number;
  /** Whether the distinct names of all matching tasks are wanted too. */
  readonly withNames: boolean;
}

/** The canonical answer. An offset past the end has no tasks and the true total. */
export interface TaskPage {
  readonly tasks: readonly Task[];
  /** How many tasks the whole filter matches: exact, on every page. */
  readonly total: number;
  /** The distinct names of all tasks that the filter matches, sorted bytewise; empty unless asked for. */
  readonly names: readonly string[];
}

/** Asks for all tasks of a filter, however many, and none twice. */
export interface TaskStreamQuery {
  readonly filter: TaskFilter;
  readonly order: TaskOrder;
  /** How many tasks to answer at most; undefined for all. */
  readonly limit: number | undefined;
}

export const taskGroupings = ["state", "status", "service", "name", "instanceId"] as const;
/** What tasks can be counted by. */
export type TaskGrouping = (typeof taskGroupings)[number];

/** Asks how many tasks of a filter there are, by any of their properties, and by when they were created. */
export interface TaskCountQuery {
  readonly filter: TaskFilter;
  /** The properties that tell two groups apart; with none, and no bucket, all tasks are one group. */
  readonly groupBy: readonly TaskGrouping[];
  /** The length of a bucket of creation times; buckets begin at multiples of it since 1970. */
  readonly bucketMs: number | undefined;
}

/** How many tasks have the same properties. There is a member for each that was asked for. */
export interface TaskGroup {
  /** When the group's bucket of creation times begins. */
  readonly bucketMs?: number;
  readonly state?: TaskState;
  readonly status?: TaskStatus;
  readonly service?: Service;
  readonly name?: string;
  readonly instanceId?: string;
  /** At least 1: groups without tasks are left out. */
  readonly count: number;
}

/** All groups with tasks: by bucket, then by the properties in the order asked for, each bytewise. */
export interface TaskCounts {
  readonly groups: readonly TaskGroup[];
  readonly total: number;
}

/** Asks when tasks of a project last succeeded: those of each service and name on each instance. */
export interface LastSuccessQuery {
  readonly projectId: string;
  /** How many successes to answer at most, from 1. */
  readonly limit: number;
}

/** When a task of one service and name last succeeded on one instance, whether it was scheduled or not. */
export interface LastSuccess {
  readonly service: Service;
  readonly name: string;
  readonly instanceId: string;
  readonly endedAtMs: number;
  /** The task that ended then; of several that ended at once, the one with the greatest id, bytewise. */
  readonly taskId: string;
}

/** The last successes of a project by service, name and instance id, each bytewise. */
export interface LastSuccesses {
  readonly successes: readonly LastSuccess[];
  /** Whether there are others beyond the limit. */
  readonly more: boolean;
}

/** Asks for a part of one task's history, oldest first. */
export interface HistoryQuery extends TaskKey {
  /** Answer entries of later revisions than this; 0 for all. */
  readonly afterRevision: number;
  readonly limit: number;
}

/** A part of one task's history. */
export interface HistoryPage {
  readonly entries: readonly HistoryEntry[];
  /** Whether later entries exist. */
  readonly more: boolean;
}

/** Whether a task is one of those that a filter means: the definition that every store is held to. */
export function matchesFilter(task: Task, filter: TaskFilter): boolean {
  return (
    task.projectId === filter.projectId &&
    isOneOf(task.service, filter.services) &&
    isOneOf(task.kind, filter.kinds) &&
    isOneOf(task.status, filter.statuses) &&
    isOneOf(task.name, filter.names) &&
    isOneOf(task.id, filter.ids) &&
    isOneOf(task.instance.id, filter.instanceIds) &&
    isOneOf(task.instance.name, filter.instanceNames) &&
    isOneOf(task.databaseName, filter.databaseNames) &&
    isOneOf(task.orderId, filter.orderIds) &&
    isOneOf(task.parentId, filter.parentIds) &&
    hasLabels(task, filter.labels) &&
    hasText(task, filter.texts) &&
    (filter.stale === undefined || isStale(task, filter.stale.atMs) === filter.stale.wanted) &&
    task.createdAtMs >= (filter.createdFromMs ?? Number.NEGATIVE_INFINITY) &&
    task.createdAtMs <= (filter.createdToMs ?? Number.POSITIVE_INFINITY)
  );
}

function isOneOf<T>(value: T | null, accepted: readonly T[] | undefined): boolean {
  return accepted === undefined || (value !== null && accepted.includes(value));
}

function hasLabels(task: Task, wanted: TaskFilter["labels"]): boolean {
  return Object.entries(wanted ?? {}).every(([key, values]) => {
    const value = Object.hasOwn(task.labels, key) ? task.labels[key] : undefined;
    return value !== undefined && values.includes(value);
  });
}

function hasText(task: Task, wanted: TaskFilter["texts"]): boolean {
  if (wanted === undefined) return true;
  const texts = searchedTexts(task).map(inLowerCase);
  return wanted.some((part) => texts.some((text) => text.includes(inLowerCase(part))));
}

/** What a search for text looks at. */
export function searchedTexts(task: Task): readonly string[] {
  return [task.id, task.name, task.instance.id, task.instance.name, task.databaseName, task.failReason];
}

/** Of ASCII alone, as every store's engine does it: no language decides what is found. */
export function inLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The order of lists, newest first: creation time, then id, both descending. Ids are ASCII, so this is bytewise. */
export function compareNewestFirst(a: Place, b: Place): number {
  if (a.createdAtMs !== b.createdAtMs) return b.createdAtMs - a.createdAtMs;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

/** The order of names: by their bytes in UTF-8, which is not the order of JavaScript's own comparison. */
export function compareBytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
