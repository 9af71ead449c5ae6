import type { Session } from "./session.ts";

/** How many answers are remembered at most, of one kind of question. */
const capacity = 1000;

/**
 * Remembers what was answered until anything in the store changes. That is exact: this process alone has the store
 * open, and every change passes its session. It makes a question cheap that is asked again and again while nothing
 * happens, which is what people and programs do who wait for a task.
 */
export function rememberAnswers<T>(
  session: Pick<Session, "changeNumber">,
): (question: string, find: () => T) => T {
  const answers = new Map<string, T>();
  let asOf = session.changeNumber();
  return (question, find) => {
    if (asOf !== session.changeNumber() || answers.size >= capacity) {
      answers.clear();
      asOf = session.changeNumber();
    }
    const known = answers.get(question);
    if (known !== undefined) return known;
    const answer = find();
    if (answer !== undefined) answers.set(question, answer);
    return answer;
  };
}
