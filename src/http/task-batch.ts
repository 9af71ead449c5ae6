import { isUtf8 } from "node:buffer";
import { Readable } from "node:stream";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Static, TSchema } from "typebox";
import { type Identity, mayAccess } from "../identity/identity.ts";
import type { TaskStore } from "../store/store.ts";
import type { Clock } from "../task/clock.ts";
import { type ErrorCode, TaskCenterError } from "../task/error.ts";
import { isJsonObject, type JsonValue } from "../task/task.ts";
import { callerName, callerOf, requireAccess } from "./access.ts";
import {
  asTaskCenterError,
  logFailure,
  type ProblemDocument,
  problemDocument,
  refusedShape,
} from "./errors.ts";
import { checkEncoding } from "./media-types.ts";
import { type BatchLimits, type RawLine, windowsOf } from "./task-batch-lines.ts";
import { BatchAnswer, BatchImport, BatchLine, BatchReport, readImport } from "./task-batch-schemas.ts";
import { CreateTaskBody, ProjectParams, refusals } from "./task-schemas.ts";
import { type TaskWriting, taskWriting } from "./task-writing.ts";

const mebibyte = 1024 * 1024;

/** 10,000 lines and 64 MiB; a line, as any other body, 1 MiB. */
const limits: BatchLimits = { lines: 10_000, bytes: 64 * mebibyte, lineBytes: mebibyte };

const ndjson = "application/x-ndjson";

/** `POST /v1/{project_id}/tasks:batch`: many creations and reports in one call, answered line by line. */
export function registerTaskBatch(
  app: FastifyInstance,
  deps: {
    readonly tasks: TaskStore;
    readonly identity: Identity;
    readonly clock: Clock;
    readonly retentionMs: number;
    readonly publicUrl: () => string;
  },
): void {
  // A scope of its own: nothing else reads lines, and this reads nothing else.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(ndjson, ({ headers }, payload, done) => {
      checkEncoding(headers);
      done(null, payload);
    });
    scope.addContentTypeParser("*", (_request, _payload, done) =>
      done(new TaskCenterError("unsupported-media-type", `The body must be NDJSON, as ${ndjson}.`)),
    );
    registerRoute(scope, deps);
  });
}

function registerRoute(scope: FastifyInstance, deps: Parameters<typeof registerTaskBatch>[1]): void {
  const { askAgain, ...access } = requireAccess(deps.identity, "report");
  const writing = taskWriting(deps);
  const parseJson = scope.getDefaultJsonParser("error", "error");

  scope.withTypeProvider<TypeBoxTypeProvider>().post(
    "/v1/:project_id/tasks::batch",
    {
      ...access,
      bodyLimit: limits.bytes,
      schema: {
        tags: ["tasks"],
        operationId: "batchTasks",
        summary: "Create, report and import many tasks",
        description:
          "At most 10,000 lines and 64 MiB; a line at most 1 MiB. Each line is a call of its own: a bad one fails alone. Lines about the same task are taken in order. Role: reporter; to import, admin.",
        params: ProjectParams,
        body: { content: { [ndjson]: { schema: lines(BatchLine, "one object a line") } } },
        response: {
          200: {
            description: "One line for each line that is not blank, in their order.",
            content: { [ndjson]: { schema: lines(BatchAnswer, "one object a line") } },
          },
          ...refusals,
        },
      },
    },
    (request, reply) => {
      const body = (request.body ?? Readable.from([])) as Readable;
      const work: LineWork = {
        request,
        askAgain: () => askAgain(request),
        projectId: request.params.project_id,
        writing,
        parseJson(text) {
          let value: unknown;
          parseJson(request, text, (_error, json) => {
            value = json;
          });
          return value;
        },
      };
      return reply.type(ndjson).send(Readable.from(answersTo(body, work, deps.publicUrl())));
    },
  );
}

/** Lines to the reader of the API; to the validator, which sees a stream, nothing. */
function lines(contentSchema: object, description: string): object {
  return { description, contentMediaType: ndjson, contentSchema };
}

/** What is answered to a line. */
interface LineAnswer {
  readonly line: number;
  readonly status: number;
  readonly id?: string;
  readonly error?: ProblemDocument;
}

/** What is answered to a line that was refused. */
type Refusal = (line: number, thrown: unknown) => LineAnswer;

/** What it takes to do a line. */
interface LineWork {
  readonly request: FastifyRequest;
  /** @throws TaskCenterError where the sender may not go on. */
  readonly askAgain: () => Promise<void>;
  readonly projectId: string;
  readonly writing: TaskWriting;
  /** The value of a JSON text that is as the bodies of other calls must be; else undefined. */
  readonly parseJson: (text: string) => unknown;
}

/** The answers to a batch, some lines at a time. The next lines are read when somebody wants their answers. */
async function* answersTo(body: Readable, work: LineWork, publicUrl: string): AsyncGenerator<string> {
  const logged = new Set<ErrorCode>();
  const refusal: Refusal = (line, thrown) => {
    const error = asTaskCenterError(thrown);
    const problem = problemDocument(error, publicUrl);
    // What fails one line fails most of them: the first of a kind tells it all.
    if (!logged.has(error.code)) logFailure(error, problem.status, work.request);
    logged.add(error.code);
    return { line, status: problem.status, error: problem };
  };
  let nextLine = 1;
  try {
    // The connection of a body that is not read to its end must last until that has been said.
    for await (const window of windowsOf(body.iterator({ destroyOnReturn: false }), limits)) {
      // A batch may be long on its way, and its answers long in being taken: what was taken away meanwhile is gone.
      await work.askAgain();
      const answers = await Promise.all(answerInOrder(window, work, refusal));
      yield answers.map((answer) => (answer === undefined ? "" : `${JSON.stringify(answer)}\n`)).join("");
      nextLine = (window.at(-1)?.number ?? 0) + 1;
    }
  } catch (error) {
    // Where the body itself has failed, there is nobody any more to be told.
    if (body.errored === null) yield `${JSON.stringify(refusal(nextLine, error))}\n`;
  } finally {
    // The next request of the connection comes behind what is left.
    body.resume();
  }
}

/**
 * Begins with all lines at once, but for those about a task that an earlier line is about. The answers are never
 * rejected; a blank line has none.
 */
function answerInOrder(
  window: readonly RawLine[],
  work: LineWork,
  refusal: Refusal,
): readonly Promise<LineAnswer | undefined>[] {
  const lastAbout = new Map<string, Promise<unknown>>();
  return window.map(async ({ number, bytes }) => {
    try {
      const action = readAction(bytes, work);
      if (action === undefined) return undefined;
      const { taskId, take } = action;
      const earlier = taskId === undefined ? undefined : lastAbout.get(taskId);
      const taken = earlier === undefined ? take() : earlier.then(take, take);
      if (taskId !== undefined) lastAbout.set(taskId, taken);
      return { line: number, ...(await taken) };
    } catch (error) {
      return refusal(number, error);
    }
  });
}

/** What a line asks for. */
interface LineAction {
  /** The task that it is about; undefined where nobody but the server knows its id yet. */
  readonly taskId: string | undefined;
  take(): Promise<{ readonly status: number; readonly id: string }>;
}

/** Reads a line; undefined where it is blank. @throws TaskCenterError, or what the validator says. */
function readAction(bytes: RawLine["bytes"], work: LineWork): LineAction | undefined {
  if (bytes === undefined) {
    throw new TaskCenterError("request-too-large", `A line has at most ${limits.lineBytes} bytes.`);
  }
  const text = bytes.toString();
  if (text.trim() === "") return undefined;
  const line = (isUtf8(bytes) ? work.parseJson(text) : undefined) as JsonValue | undefined;
  if (line === undefined) {
    throw new TaskCenterError(
      "malformed-request",
      "The line must be JSON in UTF-8, and no member of it may be named __proto__, or prototype in a constructor.",
    );
  }
  const [[kind, body] = [], ...others] = isJsonObject(line) ? Object.entries(line) : [];
  if (!isLineKind(kind) || others.length > 0) {
    throw new TaskCenterError(
      "invalid-parameter",
      "The line must be an object with exactly one member: create, report or import.",
    );
  }
  return actions[kind](body, work);
}

/** What the members of a line ask for. */
const actions = {
  create(given, { request, projectId, writing }) {
    const body = held(given, CreateTaskBody, request);
    return {
      taskId: body.id,
      take: async () => {
        const { id } = await writing.create(body, { projectId, by: callerName(request) });
        return { status: 201, id };
      },
    };
  },
  report(given, { request, projectId, writing }) {
    const { id, ...body } = held(given, BatchReport, request);
    return {
      taskId: id,
      take: async () => {
        await writing.report(body, { projectId, id, by: callerName(request) });
        return { status: 200, id };
      },
    };
  },
  import(given, { request, projectId, writing }) {
    if (!mayAccess(callerOf(request).principal, projectId, "import")) {
      throw new TaskCenterError("forbidden", "To import tasks takes the role admin in the project.");
    }
    const recorded = readImport(held(given, BatchImport, request));
    const { id } = recorded.task;
    return {
      taskId: id,
      take: async () => ({ status: (await writing.importRecorded(recorded, { projectId })) ? 201 : 200, id }),
    };
  },
} as const satisfies Record<string, (given: unknown, work: LineWork) => LineAction>;

function isLineKind(text: string | undefined): text is keyof typeof actions {
  return text !== undefined && Object.hasOwn(actions, text);
}

/** A value that a schema accepts. @throws TaskCenterError `invalid-parameter`. */
function held<Schema extends TSchema>(
  value: unknown,
  schema: Schema,
  request: FastifyRequest,
): Static<Schema> {
  const validate = request.compileValidationSchema(schema, "body");
  if (!validate(value)) throw refusedShape(validate.errors ?? [], "body");
  return value as Static<Schema>;
}
