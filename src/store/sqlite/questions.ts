import type {
  LastSuccesses,
  LastSuccessQuery,
  Place,
  TaskCountQuery,
  TaskCounts,
  TaskPage,
  TaskQuery,
  TaskStreamQuery,
} from "../../task/query.ts";
import type { StreamedTasks } from "../stream-step.ts";

/** What is asked of the tasks, by the thread that serves everybody or aside: plain data, since it goes from thread to thread. */
export type Question =
  | { readonly asks: "list"; readonly query: TaskQuery }
  | { readonly asks: "count"; readonly query: TaskCountQuery }
  | { readonly asks: "stream"; readonly query: StreamStep }
  | { readonly asks: "ended"; readonly query: EndedStep }
  | { readonly asks: "successes"; readonly query: LastSuccessQuery };

/** The next tasks of a stream: at most `limit` of those after a place. */
export interface StreamStep extends TaskStreamQuery {
  readonly after: Place | undefined;
  readonly limit: number;
}

/** The next tasks that ended before a moment: at most `limit` of those created after a place. */
export interface EndedStep {
  readonly projectId: string;
  readonly endedBeforeMs: number;
  readonly from: Place | undefined;
  readonly limit: number;
}

/** What is answered to each question. */
export interface Answers {
  readonly list: TaskPage;
  readonly count: TaskCounts;
  readonly stream: StreamedTasks;
  readonly ended: { readonly ids: readonly string[]; readonly next: Place | undefined };
  readonly successes: LastSuccesses;
}

export type AnswerTo<Q extends Question> = Answers[Q["asks"]];
