import type { CallOptions, Connection } from "./connection.ts";
import { type ApiError, ConnectionError, UnusableAnswer } from "./errors.ts";
import { type HttpAnswer, memberOf, problemError, textIn } from "./http.ts";
import type { BatchLine } from "./types.ts";

/** What became of one line of a batch: the task's id, or the reason why it was refused, which is not thrown. */
export type BatchResult =
  | { readonly line: number; readonly status: number; readonly id: string; readonly error?: undefined }
  | { readonly line: number; readonly status: number; readonly error: ApiError };

/** How much one request holds at most: little enough that it always arrives in time. */
const maxLines = 1000;
const maxCharacters = 4 * 1024 * 1024;

/** Some lines as they are sent, each with its end. */
interface Batch {
  readonly lines: readonly string[];
  readonly repeatable: boolean;
}

/**
 * Sends lines, as many at a time as one request should hold, and yields what became of each, in their order. Only one
 * request's lines are ever in memory.
 */
export async function* sendBatches(
  connection: Connection,
  lines: AsyncIterable<BatchLine> | Iterable<BatchLine>,
  { signal }: CallOptions,
): AsyncGenerator<BatchResult, void, undefined> {
  let sent = 0;
  for await (const batch of batchesOf(lines)) {
    let rest = batch.lines;
    let isStuck = false;
    while (rest.length > 0) {
      const answer = await connection.call({
        method: "POST",
        path: "/tasks:batch",
        headers: { accept: "application/x-ndjson" },
        body: rest.join(""),
        repeatable: batch.repeatable,
        signal,
      });
      const results = resultsIn(answer, connection);
      const lastError = results.at(-1)?.error;
      // The token ended before that line, so neither it nor what follows was done: the next request takes a new one.
      const tokenEnded = lastError?.status === 401;
      const done = tokenEnded ? results.slice(0, -1) : results;
      // Twice in a row before the first line: it is not the token, and would go on for ever.
      if (tokenEnded && done.length === 0 && isStuck) throw lastError;
      isStuck = done.length === 0;
      if (tokenEnded ? done.length > rest.length : done.length !== rest.length) {
        throw lastError ?? new ConnectionError("the answer to a batch has not all of its lines");
      }
      for (const result of done) yield { ...result, line: sent + result.line };
      sent += done.length;
      rest = rest.slice(done.length);
    }
  }
}

async function* batchesOf(
  lines: AsyncIterable<BatchLine> | Iterable<BatchLine>,
): AsyncGenerator<Batch, void, undefined> {
  let texts: string[] = [];
  let characters = 0;
  let repeatable = true;
  for await (const line of lines) {
    const text = `${JSON.stringify(withId(line))}\n`;
    if (texts.length === maxLines || (texts.length > 0 && characters + text.length > maxCharacters)) {
      yield { lines: texts, repeatable };
      texts = [];
      characters = 0;
      repeatable = true;
    }
    texts.push(text);
    characters += text.length;
    repeatable &&= isRepeatable(line);
  }
  if (texts.length > 0) yield { lines: texts, repeatable };
}

/** A creation gets its id here, so that it is the same one when it is sent again. */
function withId(line: BatchLine): BatchLine {
  if (!("create" in line) || line.create.id !== undefined) return line;
  return { create: { ...line.create, id: crypto.randomUUID() } };
}

/** A report says how things stand, twice as well as once; only its message would be noted twice. */
function isRepeatable(line: BatchLine): boolean {
  return !("report" in line && line.report.message !== undefined);
}

/** What became of the lines of a request, in their order. @throws ConnectionError where the answer does not say it. */
function resultsIn(
  { body, headers }: HttpAnswer,
  { origin }: Pick<Connection, "origin">,
): readonly BatchResult[] {
  return (Array.isArray(body) ? body : []).map((answer, index) => {
    const line = index + 1;
    const status = memberOf(answer, "status");
    const error = memberOf(answer, "error");
    if (memberOf(answer, "line") !== line || typeof status !== "number") {
      throw new UnusableAnswer(
        `${origin} does not speak the Task Center API: its answer is not about a batch's lines`,
      );
    }
    return error === undefined
      ? { line, status, id: textIn(answer, "id") }
      : { line, status, error: problemError({ status, headers, statusText: "" }, error) };
  });
}
