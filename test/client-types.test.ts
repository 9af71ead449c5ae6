import assert from "node:assert/strict";
import { test } from "node:test";
import type * as iam from "../src/client/iam-types.ts";
import type * as client from "../src/client/types.ts";
import type * as documents from "../src/http/iam/documents.ts";
import type * as batch from "../src/http/task-batch-schemas.ts";
import * as schemas from "../src/http/task-schemas.ts";
import type { RoleName } from "../src/store/store.ts";
import { projectId, startServer } from "./start-server.ts";

/**
 * The client knows the API without knowing the server, so the two tell its shapes twice. The compiler holds them
 * together here: a member that only one of them has, or has in another type, makes one of these false.
 */
type Writable<T> = T extends readonly (infer Item)[]
  ? Writable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Writable<Exclude<T[Key], undefined>> }
    : T;
type Within<A, B> = [Writable<A>] extends [Writable<B>] ? true : false;
type SameMembers<A, B> = [keyof A] extends [keyof B] ? ([keyof B] extends [keyof A] ? true : false) : false;
type Same<A, B> = Within<A, B> & Within<B, A> & SameMembers<A, B>;

/** What IAM answers has members that the client leaves out; those that it reads are the server's. */
type SameIn<A, B extends (...parts: never) => unknown> = Same<
  A,
  Pick<ReturnType<B>, keyof A & keyof ReturnType<B>>
>;

const sameShapes: {
  readonly task: Same<client.TaskDocument, schemas.TaskDocument>;
  readonly creation: Same<client.CreateTaskBody, schemas.CreateTaskBody>;
  readonly report: Same<client.ReportTaskBody, schemas.ReportTaskBody>;
  readonly list: Same<client.TaskListDocument, schemas.TaskList>;
  /** Labels are keys without number, and histories come with exports only. */
  readonly query: Same<Omit<client.ListTasksQuery, "label">, Omit<schemas.ListTasksQuery, "history">>;
  readonly counting: Same<Omit<client.CountTasksQuery, "label">, schemas.CountTasksQuery>;
  readonly counts: Same<client.TaskCountsDocument, schemas.TaskCountsDocument>;
  readonly batchReport: Same<Extract<client.BatchLine, { report: unknown }>["report"], batch.BatchReport>;
  readonly imported: Within<client.ExportedTask, batch.BatchImport>;
  readonly history: SameMembers<client.HistoryDocument, schemas.HistoryDocument>;
  readonly user: SameIn<iam.UserDocument, typeof documents.userDocument>;
  readonly project: SameIn<iam.ProjectDocument, typeof documents.projectDocument>;
  readonly accessKey: Same<iam.AccessKeyDocument, ReturnType<typeof documents.credentialDocument>>;
  readonly newAccessKey: Same<iam.NewAccessKeyDocument, ReturnType<typeof documents.newCredentialDocument>>;
  readonly role: Within<iam.RoleName, RoleName> & Within<RoleName, iam.RoleName>;
} = {
  task: true,
  creation: true,
  report: true,
  list: true,
  query: true,
  counting: true,
  counts: true,
  batchReport: true,
  imported: true,
  history: true,
  user: true,
  project: true,
  accessKey: true,
  newAccessKey: true,
  role: true,
};

test("a task as it is answered has exactly the members that the schema and the client's type have", async () => {
  assert.ok(Object.values(sameShapes).every(Boolean));
  const server = await startServer();
  try {
    const body = { service: "rds", name: "BackupInstance", instance: { id: "in01" } };
    const { json } = await server.call(`/v1/${projectId}/tasks`, { body });
    assert.deepEqual(Object.keys(json), Object.keys(schemas.TaskDocument.properties));
  } finally {
    await server.close();
  }
});
