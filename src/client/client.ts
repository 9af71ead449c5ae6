import { type BatchResult, sendBatches } from "./batch.ts";
import { aheadMsIn, noticedSkewMs } from "./clock.ts";
import { type CallOptions, type Connection, type ConnectLimits, defaultTimeoutMs } from "./connection.ts";
import type { Credentials } from "./credentials.ts";
import { CursorTrail } from "./cursors.ts";
import { isPassing, notFound } from "./errors.ts";
import { type ExportPlace, exportAll } from "./export.ts";
import type { HttpAnswer } from "./http.ts";
import { connectToProject } from "./login.ts";
import { pause } from "./pause.ts";
import { queryText, taskQueryText } from "./query-text.ts";
import { documentIn } from "./task-answers.ts";
import type {
  BatchLine,
  CountTasksQuery,
  CreateTaskBody,
  ExportedTask,
  HistoryDocument,
  ListHistoryQuery,
  ListTasksQuery,
  ReportTaskBody,
  TaskCountsDocument,
  TaskDocument,
  TaskFilter,
  TaskListDocument,
} from "./types.ts";

export interface ConnectOptions extends ConnectLimits {
  readonly credentials: Credentials;
}

export interface WatchOptions extends CallOptions {
  /** How long to wait between two looks at a task that is changing, from 1 ms; 1 second unless given. */
  readonly pollMs?: number;
}

/** How many tasks a page has at most. */
const largestPage = 500;

/** While nothing changes, a watcher looks less and less often, down to once in so many times its shortest wait. */
const slowestPollFactor = 5;

/** How many looks in a row may fail before a watcher gives up: some minutes, for a server that is being upgraded. */
const maxFailedLooks = 30;

/**
 * Logs in, and answers a client of one project.
 *
 * @throws ApiError status 401 where the credentials are not accepted.
 * @throws AccessError where they are, and lead to no project.
 * @throws ConnectionError where the server cannot be reached, or its catalog knows no Task Center.
 */
export async function connect({
  credentials,
  timeoutMs = defaultTimeoutMs,
  signal,
}: ConnectOptions): Promise<TaskCenterClient> {
  return new TaskCenterClient(await connectToProject(credentials, { timeoutMs, signal }));
}

/**
 * The API of one project. Made by `connect`.
 *
 * Every call throws ApiError where the server refuses it (401, 403 and 429 among the statuses), ConnectionError where
 * the server cannot be asked, and the reason of its signal. What may safely be received twice is sent up to three
 * times while the connection fails. When its token ends, a client with a password logs in once more and goes on.
 */
export class TaskCenterClient {
  readonly #connection: Connection;
  /** The server's mark of the state that a document shows, for asking whether it has changed. */
  readonly #entityTags = new WeakMap<TaskDocument, string>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Creates a task. The same key (or the same `body.id`) again with an equal body within 24 hours answers the first
   * task once more, so that a producer that does not know whether it was heard may ask again.
   *
   * @throws ApiError `invalid-parameter`, `task-exists` (409, the id), `idempotency-key-reused` (422, the key).
   */
  async createTask(
    body: CreateTaskBody,
    options: CallOptions & { readonly idempotencyKey?: string } = {},
  ): Promise<TaskDocument> {
    const answer = await this.#connection.call({
      method: "POST",
      path: "/tasks",
      headers: { "idempotency-key": options.idempotencyKey ?? crypto.randomUUID() },
      body,
      repeatable: true,
      signal: options.signal,
    });
    return this.#taskIn(answer);
  }

  /**
   * Reports on a task: only what the report names changes, and an empty one is a heartbeat. `ifRevision` makes it
   * fail where somebody else was faster.
   *
   * @throws ApiError `invalid-parameter`, `task-not-found`, `transition-refused` (409, with both statuses),
   * `revision-mismatch` (412).
   */
  async reportTask(
    id: string,
    report: ReportTaskBody,
    options: CallOptions & { readonly ifRevision?: number } = {},
  ): Promise<TaskDocument> {
    const { ifRevision } = options;
    const answer = await this.#connection.call({
      method: "PATCH",
      path: taskPath(id),
      headers: ifRevision === undefined ? {} : { "if-match": `"${ifRevision}"` },
      body: report,
      // A report says how things stand, twice as well as once. Its message would be noted twice, and the revision
      // that it expects would be gone the second time.
      repeatable: ifRevision === undefined && report.message === undefined,
      signal: options.signal,
    });
    return this.#taskIn(answer);
  }

  /** Answers one task. @throws ApiError `task-not-found`. */
  async getTask(id: string, options: CallOptions = {}): Promise<TaskDocument> {
    return this.#taskIn(await this.#connection.read(taskPath(id), options));
  }

  /**
   * Answers a task that was answered before, unless nothing about it has changed: also that it has gone stale is a
   * change here. Costs next to nothing while it is unchanged.
   *
   * @throws ApiError `task-not-found`.
   */
  async getTaskIfChanged(
    known: TaskDocument,
    options: CallOptions = {},
  ): Promise<TaskDocument | "unchanged"> {
    const tag = this.#entityTags.get(known);
    const answer = await this.#connection.read(taskPath(known.id), {
      signal: options.signal,
      headers: tag === undefined ? {} : { "if-none-match": tag },
    });
    return answer.status === 304 ? "unchanged" : this.#taskIn(answer);
  }

  /** Answers a page of tasks with the exact total. @throws ApiError `invalid-parameter`, `query-too-broad`. */
  async listTasks(query: ListTasksQuery = {}, options: CallOptions = {}): Promise<TaskListDocument> {
    const answer = await this.#connection.read(`/tasks${taskQueryText({ ...query })}`, options);
    return documentIn(answer.body, "a list of tasks", this.#connection);
  }

  /**
   * Yields all tasks of a filter, newest first unless the query says otherwise. They are asked for page by page, each
   * from where the one before ended: none is left out or comes twice, however long it takes and whatever is created
   * meanwhile.
   *
   * @throws ApiError `invalid-parameter`, `query-too-broad`.
   */
  async *eachTask(
    query: TaskFilter & Pick<ListTasksQuery, "sort"> = {},
    options: CallOptions = {},
  ): AsyncGenerator<TaskDocument, void, undefined> {
    const trail = new CursorTrail();
    let cursor: string | undefined;
    do {
      const page = await this.listTasks({ ...query, limit: largestPage, cursor }, options);
      yield* page.tasks;
      cursor = trail.after(page);
    } while (cursor !== undefined);
  }

  /**
   * Yields all tasks of a filter with their histories, oldest first, as the server reads them: in the memory of one,
   * however many there are. `after` names a task behind which to go on.
   *
   * @throws ApiError `invalid-parameter`, `query-too-broad`.
   */
  exportTasks(
    filter: TaskFilter = {},
    options: CallOptions & { readonly after?: ExportPlace | undefined } = {},
  ): AsyncGenerator<ExportedTask, void, undefined> {
    return exportAll(this.#connection, filter, options);
  }

  /** Answers how many tasks there are, in groups where the query asks for them. @throws as `listTasks` does. */
  async countTasks(query: CountTasksQuery = {}, options: CallOptions = {}): Promise<TaskCountsDocument> {
    const answer = await this.#connection.read(`/tasks:stats${taskQueryText({ ...query })}`, options);
    return documentIn(answer.body, "counts of tasks", this.#connection);
  }

  /**
   * Creates, reports on and imports many tasks. Takes lines as long as there are some, sends them when there are enough
   * for a request or no more, and yields what became of each, in order: a line that is refused is no error of the
   * call. Creations without an id get one, so that they may be sent again.
   *
   * @throws as every call does. What was yielded is done then, and a line after that may be.
   */
  sendBatch(
    lines: AsyncIterable<BatchLine> | Iterable<BatchLine>,
    options: CallOptions = {},
  ): AsyncGenerator<BatchResult, void, undefined> {
    return sendBatches(this.#connection, lines, options);
  }

  /** Answers a part of a task's history, oldest first. @throws ApiError `task-not-found`, `invalid-parameter`. */
  async listHistory(
    id: string,
    query: ListHistoryQuery = {},
    options: CallOptions = {},
  ): Promise<HistoryDocument> {
    const answer = await this.#connection.read(`${taskPath(id)}/history${queryText({ ...query })}`, options);
    return documentIn(answer.body, "a task's history", this.#connection);
  }

  /**
   * Deletes the record of a task; it stops nothing. After a failed connection it is not sent again by itself, since
   * the second answer would be that there is no such task.
   *
   * @throws ApiError `task-not-found`, `revision-mismatch` (412).
   */
  async deleteTask(id: string, options: CallOptions & { readonly ifRevision?: number } = {}): Promise<void> {
    const { ifRevision } = options;
    await this.#connection.call({
      method: "DELETE",
      path: taskPath(id),
      headers: ifRevision === undefined ? {} : { "if-match": `"${ifRevision}"` },
      repeatable: false,
      signal: options.signal,
    });
  }

  /**
   * Yields a task as it stands and again whenever it has changed, until it has ended; changes in quick succession
   * come as one. Returns the ended task. Once the first look has succeeded, later ones may fail for some minutes.
   *
   * @throws ApiError `task-not-found`, also when the task is deleted meanwhile.
   */
  async *watchTask(
    id: string,
    options: WatchOptions = {},
  ): AsyncGenerator<TaskDocument, TaskDocument, undefined> {
    const shortestMs = options.pollMs ?? 1000;
    let task = await this.getTask(id, options);
    yield task;
    let pauseMs = shortestMs;
    let failedLooks = 0;
    while (task.ended_at === null) {
      await pause(pauseMs, options.signal);
      let seen: TaskDocument | "unchanged" = "unchanged";
      try {
        seen = await this.getTaskIfChanged(task, options);
        failedLooks = 0;
      } catch (error) {
        failedLooks += 1;
        if (failedLooks > maxFailedLooks || !isPassing(error)) throw error;
      }
      if (seen === "unchanged") {
        pauseMs = Math.min(pauseMs * 1.5, shortestMs * slowestPollFactor);
      } else {
        pauseMs = shortestMs;
        task = seen;
        yield task;
      }
    }
    return task;
  }

  /**
   * Answers a task when it has ended.
   *
   * @throws ApiError `task-not-found`, also when the task is deleted meanwhile.
   * @throws DOMException `TimeoutError` where it has not ended within `timeoutMs`, which is at most 24 days.
   */
  async waitForTask(
    id: string,
    options: WatchOptions & { readonly timeoutMs?: number | undefined } = {},
  ): Promise<TaskDocument> {
    const { timeoutMs } = options;
    const signals = [options.signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)];
    const signal = AbortSignal.any(signals.filter((given) => given !== undefined));
    const looks = this.watchTask(id, { ...options, signal });
    let look = await looks.next();
    while (look.done !== true) look = await looks.next();
    return look.value;
  }

  /**
   * Answers how far the server's clock is ahead of this machine's, for whoever tells it times that this machine has
   * read. 0 where they differ by less than a minute: answers tell the time in whole seconds.
   */
  async serverAheadMs(options: CallOptions = {}): Promise<number> {
    const { headers } = await this.#connection.read(`/tasks${queryText({ limit: 1 })}`, options);
    const aheadMs = aheadMsIn(headers.get("date"));
    return Math.abs(aheadMs) > noticedSkewMs ? aheadMs : 0;
  }

  #taskIn({ body, headers }: HttpAnswer): TaskDocument {
    const task = documentIn(body, "a task", this.#connection);
    const tag = headers.get("etag");
    if (tag !== null) this.#entityTags.set(task, tag);
    return task;
  }
}

/** What can be no id would be another address: `..` leads out of the tasks. */
function taskPath(id: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw notFound("task-not-found", "The task does not exist.");
  return `/tasks/${id}`;
}
