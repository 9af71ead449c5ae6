import {
  admin,
  createFirstAndOrigin,
  domain,
  inDomain,
  inProject,
  project,
  sampleKey,
  sampleProject,
  sampleTerms,
  sampleToken,
  sampleUser,
} from "../../src/store/conformance/samples.ts";
import type { Store } from "../../src/store/store.ts";
import { taskStatuses } from "../../src/task/lifecycle.ts";
import { applyReport, type TaskReport } from "../../src/task/report.ts";
import type { Task } from "../../src/task/task.ts";
import { creationOf, factoryCreatedAtMs, taskFactory } from "../factories.ts";

/** What a store holds that is kept as the dump of a released schema, and what it must answer for ever after. */

/** When it was written, and is asked. */
export const sampleNowMs = factoryCreatedAtMs + 3_600_000;

const reader = sampleUser("reader");
const closed = sampleProject("closed");
const emptied = sampleProject("emptied");
/** More than fit a block of the count trees. */
const manyTasks = 300;

/** Something of everything that a row may hold. */
const tasks: readonly Task[] = [
  ...Array.from({ length: manyTasks }, (_, index) => ({
    ...taskFactory.completed({ id: `many-${index}`, createdAtMs: factoryCreatedAtMs + 10 * (index % 100) }),
    name: `Name${index % 3}`,
  })),
  taskFactory.running({
    id: "all-of-it",
    databaseName: "größe",
    orderId: "order-1",
    progressPercent: 12.5,
    details: { plan: [{ text: "it's \\ \u2028" }] },
    labels: { team: "blue" },
    leaseSeconds: 30,
    onStale: "fail",
    parentId: "many-1",
  }),
  taskFactory.failed({ id: "failed", name: "CreateInstance" }),
  taskFactory.canceled({ id: "canceled", service: "geminidb" }),
  taskFactory.toBeSwitched({ id: "to-be-switched" }),
  taskFactory.scheduled({ id: "scheduled", plannedStartAtMs: factoryCreatedAtMs + 5000, priority: 3 }),
  taskFactory.running({ id: "elsewhere", createdAtMs: factoryCreatedAtMs - 1 }),
].map((task) => ({ ...task, projectId: project.id }));

const creations = tasks.map((task, index) =>
  creationOf(task, index % 50 === 0 ? { idempotencyKey: `key-${index}` } : {}),
);

async function report(store: Store, id: string, said: TaskReport): Promise<void> {
  await store.tasks.changeTask({ projectId: project.id, id }, (current) =>
    applyReport(current, said, { by: "producer", nowMs: sampleNowMs }),
  );
}

/** Fills an empty store, but for the last reports. */
export async function fillSample({ tasks: store, identity }: Store): Promise<void> {
  await createFirstAndOrigin(identity);
  for (const other of [closed, emptied]) await identity.createProject(other);
  await identity.createUser(reader);
  await identity.grantRole({ userId: reader.id, scope: inProject, role: "reader" });
  await identity.createToken(sampleToken({ hash: "token", userId: reader.id }));
  await identity.createToken(sampleToken({ hash: "unscoped", scope: inDomain, unscoped: true }));
  await identity.createAccessKey(sampleKey({ access: "LASTING" }));
  await identity.createAccessKey(sampleKey({ access: "TEMPORARY", temporary: sampleTerms() }));
  await Promise.all(creations.map(store.createTask));
  await store.createTask(creationOf(taskFactory.running({ id: "shut-in", projectId: closed.id })));
  await identity.updateProject(closed.id, { enabled: false });
  await identity.deleteProject(emptied.id);
}

/** Says some more, which the counts may not know yet when the store is closed. */
export async function reportMore(store: Store): Promise<void> {
  await report(store, "all-of-it", { progressPercent: 50, message: "half of it", labels: { team: null } });
  await report(store, "elsewhere", { status: "Failed", failReason: "no room" });
  await store.tasks.deleteTask({ projectId: project.id, id: "many-7" });
}

/** What the store answers about all this, as JSON has it. */
export async function answersOf({ tasks: store, identity }: Store): Promise<unknown> {
  const filter = { projectId: project.id };
  const query = { filter, order: "newest-first", withNames: true } as const;
  const history = { projectId: project.id, afterRevision: 0, limit: 100 };
  const byStatus = await Promise.all(
    taskStatuses.map(async (status) => {
      const page = await store.listTasks({
        ...query,
        filter: { ...filter, statuses: [status] },
        offset: 0,
        limit: 1,
      });
      return [status, page.total];
    }),
  );
  const [first] = creations;
  const answers = {
    newest: await store.listTasks({ ...query, offset: 0, limit: 3 }),
    deep: await store.listTasks({ ...query, offset: 290, limit: 30 }),
    byStatus: Object.fromEntries(byStatus),
    children: await store.listTasks({
      ...query,
      filter: { ...filter, parentIds: ["many-1"] },
      offset: 0,
      limit: 3,
    }),
    lastSuccesses: await store.listLastSuccesses({ projectId: project.id, limit: 2 }),
    byInstance: await store.countTasks({ filter, groupBy: ["instanceId"], bucketMs: undefined }),
    byName: await store.countTasks({ filter, groupBy: ["name"], bucketMs: undefined }),
    allOfIt: await store.getTask({ projectId: project.id, id: "all-of-it" }),
    histories: [
      await store.listHistory({ ...history, id: "all-of-it" }),
      await store.listHistory({ ...history, id: "failed" }),
    ],
    overdue: await store.listOverdueTasks({ projectId: project.id, nowMs: sampleNowMs * 2, limit: 10 }),
    shutIn: await store.getTask({ projectId: closed.id, id: "shut-in" }),
    comesAgain: first && (await store.createTask(first)),
    standing: await identity.findStanding(admin.id, inDomain),
    users: await identity.listUsers({ domainId: domain.id }),
    projects: await identity.listProjects({ domainId: domain.id }),
    roles: await identity.listRoleAssignments({ domainId: domain.id }),
    tokens: [await identity.findToken("token"), await identity.findToken("unscoped")],
    keys: [await identity.findAccessKey("LASTING"), await identity.findAccessKey("TEMPORARY")],
  };
  return JSON.parse(JSON.stringify(answers));
}
