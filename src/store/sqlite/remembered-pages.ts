import type { TaskPage } from "../../task/query.ts";
import { longDetailsLength, type Task } from "../../task/task.ts";

/** What all remembered questions and pages weigh at most, and what one page may: a kibibyte each task, and its long texts. */
const capacity = 10_000;
const largestPage = 1000;

/** How many windows of one question are remembered: as many people look at the same list. */
const maxWindows = 8;

/** A window whose ends have moved by no more than an hour is that of the same person, who asks again. */
const nearMs = 60 * 60 * 1000;

/** For which windows of creation times a page is the answer. */
export interface Reach {
  readonly fromMs: { readonly least: number; readonly most: number };
  readonly toMs: { readonly least: number; readonly most: number };
}

/** A question as it is remembered: apart from its window, and as of when. */
export interface RememberedQuestion {
  readonly text: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** What was answered at another number may not be true any more. */
  readonly changeNumber: number;
}

/** A question that was asked. Its page is remembered from the second time on: most questions never come again. */
interface Asked {
  readonly question: RememberedQuestion;
  readonly page: TaskPage | undefined;
  readonly reach: Reach;
}

/**
 * Remembers pages until a task of their services changes. That is exact: one process has the store open, and the number
 * moves with every change. It makes a question cheap that is asked again and again while nothing happens, which is what
 * people and programs do who wait for a task; also where each time they ask for everything until now.
 */
export function rememberPages() {
  const remembered = new Map<string, readonly Asked[]>();
  let size = 0;

  function replace(text: string, asked: readonly Asked[]): void {
    size += sizeOf(asked) - sizeOf(remembered.get(text) ?? []);
    remembered.delete(text);
    if (asked.length > 0) remembered.set(text, asked);
  }

  return {
    find({ text, fromMs, toMs, changeNumber }: RememberedQuestion): TaskPage | undefined {
      for (const { question, page, reach } of remembered.get(text) ?? []) {
        const stands = question.changeNumber === changeNumber;
        if (stands && isWithin(fromMs, reach.fromMs) && isWithin(toMs, reach.toMs)) return page;
      }
      return undefined;
    },

    /** Remembers that a question was asked, and, where it was asked before, its page: `reachOf` tells how far it reaches. */
    keep(question: RememberedQuestion, page: TaskPage, reachOf: () => Reach | undefined): void {
      const { text, fromMs, toMs } = question;
      const standing = remembered.get(text) ?? [];
      const before = standing.find((asked) => isNear(asked.question, question));
      const exactly = { fromMs: { least: fromMs, most: fromMs }, toMs: { least: toMs, most: toMs } };
      const isSame = before?.question.fromMs === fromMs && before.question.toMs === toMs;
      const asked: Asked = {
        question,
        page: before === undefined || weightOf(page) > largestPage ? undefined : page,
        reach: before === undefined || isSame ? exactly : (reachOf() ?? exactly),
      };
      replace(text, [asked, ...standing.filter((other) => other !== before)].slice(0, maxWindows));
      for (const oldest of remembered.keys()) {
        if (size <= capacity) break;
        replace(oldest, []);
      }
    },
  };
}

function sizeOf(asked: readonly Asked[]): number {
  return asked.reduce((size, { page }) => size + 1 + (page === undefined ? 0 : weightOf(page)), 0);
}

function weightOf({ tasks }: TaskPage): number {
  return tasks.reduce((weight, task) => weight + 1 + lengthOfTexts(task) / 1024, 0);
}

/** How many characters those texts of a task have that may be long. */
function lengthOfTexts(task: Task): number {
  const labels = Object.values(task.labels).reduce((length, value) => length + value.length, 0);
  return longDetailsLength(task) + task.failReason.length + labels;
}

function isNear(a: RememberedQuestion, b: RememberedQuestion): boolean {
  return Math.abs(a.fromMs - b.fromMs) <= nearMs && Math.abs(a.toMs - b.toMs) <= nearMs;
}

function isWithin(
  value: number,
  { least, most }: { readonly least: number; readonly most: number },
): boolean {
  return value >= least && value <= most;
}
