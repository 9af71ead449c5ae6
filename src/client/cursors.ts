import { UnusableAnswer } from "./errors.ts";
import type { TaskListDocument } from "./types.ts";

/** Where the pages of a list have led so far. */
export class CursorTrail {
  readonly #followed = new Set<string>();

  /**
   * Answers the cursor of the page that follows; undefined behind the last one.
   *
   * @throws ConnectionError where following it would never end: it was followed before, or leads on from nothing.
   */
  after({ tasks, next_cursor: cursor }: TaskListDocument): string | undefined {
    if (cursor === null) return undefined;
    if (tasks.length === 0 || this.#followed.has(cursor)) {
      throw new UnusableAnswer("the server does not speak the Task Center API: its pages lead nowhere");
    }
    this.#followed.add(cursor);
    return cursor;
  }
}
