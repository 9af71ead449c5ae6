import type { Service, TaskKind, TaskStatus } from "./lifecycle.ts";
import type { HistoryEntry, Task, TaskKey } from "./task.ts";

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
  readonly orderIds?: readonly string[] | undefined;
  readonly createdFromMs?: number | undefined;
  readonly createdToMs?: number | undefined;
}

/** By creation time; ties by id, bytewise, in the same direction. */
export type TaskOrder = "newest-first" | "oldest-first";

/** The canonical question that every list call of every API becomes. */
export interface TaskQuery {
  readonly filter: TaskFilter;
  readonly order: TaskOrder;
  /** How many tasks of the filter to pass over, from 0. */
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
    isOneOf(task.orderId, filter.orderIds) &&
    task.createdAtMs >= (filter.createdFromMs ?? Number.NEGATIVE_INFINITY) &&
    task.createdAtMs <= (filter.createdToMs ?? Number.POSITIVE_INFINITY)
  );
}

function isOneOf<T>(value: T, accepted: readonly T[] | undefined): boolean {
  return accepted === undefined || accepted.includes(value);
}

/** The order of lists, newest first: creation time, then id, both descending. Ids are ASCII, so this is bytewise. */
export function compareNewestFirst(a: Task, b: Task): number {
  if (a.createdAtMs !== b.createdAtMs) return b.createdAtMs - a.createdAtMs;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

/** The order of names: by their bytes in UTF-8, which is not the order of JavaScript's own comparison. */
export function compareBytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
