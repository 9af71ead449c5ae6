import type { ErrorCode } from "../../../task/error.ts";
import type { TaskRow } from "../../task-rows.ts";
import type { Question } from "../questions.ts";

/** What the thread for long questions is started with. */
export interface WorkerSettings {
  readonly path: string;
  /** How long a question may take that cannot be gone on with. */
  readonly patienceMs: number;
  /** How long a question may take that can be gone on with. */
  readonly restMs: number;
}

/** A question on its way to the thread. */
export interface Asked {
  readonly number: number;
  readonly question: Question;
}

/** Asks the thread to carry the log over. Nothing comes back. */
export const carryOverWord = "carry over";

/** What comes back; tasks come as their rows, whose texts nobody need parse on the way. */
export interface Heard {
  readonly number: number;
  readonly answer?: object | undefined;
  readonly rows?: readonly TaskRow[];
  readonly refusal?: { readonly code: ErrorCode; readonly message: string };
}
