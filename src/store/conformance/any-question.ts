import fc from "fast-check";
import { services, statusesOf, statusMeanings, taskKinds, taskStatuses } from "../../task/lifecycle.ts";
import {
  type Place,
  type TaskCountQuery,
  type TaskFilter,
  type TaskQuery,
  type TaskStreamQuery,
  taskGroupings,
} from "../../task/query.ts";
import type { TaskCreation, TaskReport } from "../../task/report.ts";
import { silenceBeforeStaleMs } from "../../task/task.ts";

/** What may happen to a project's tasks, and what may be asked of them: everything that a task store answers. */

/** Something that happens to a project's tasks. */
export type Action =
  | { readonly does: "create"; readonly id: string; readonly creation: TaskCreation }
  | { readonly does: "report"; readonly id: string; readonly report: TaskReport }
  | { readonly does: "delete"; readonly id: string }
  | {
      readonly does: "retire";
      readonly endedBeforeMs: number;
      /** How many are looked for at a time. */
      readonly limit: number;
      /** Tasks that are named to be deleted beside those that were found. */
      readonly others: readonly string[];
    };

/** A question without its project. */
export type Question =
  | {
      readonly asks: "page";
      readonly query: WithoutProject<TaskQuery>;
      /** The same is asked again with these, as whoever waits for a task asks for everything until now. */
      readonly laterWindows: readonly Pick<TaskFilter, "createdFromMs" | "createdToMs">[];
    }
  | { readonly asks: "stream"; readonly query: WithoutProject<TaskStreamQuery> }
  | { readonly asks: "counts"; readonly query: WithoutProject<TaskCountQuery> }
  | { readonly asks: "successes"; readonly limit: number };

type WithoutProject<Query extends { readonly filter: TaskFilter }> = Omit<Query, "filter"> & {
  readonly filter: Omit<TaskFilter, "projectId">;
};

/** When all of it happens, by the server's clock. */
export const nowMs = 1_000_000;

/** What producers and askers choose from: little, so that ids collide, times tie, and filters meet tasks. */
const ids = ["a", "aa", "B", "b-", "b_1", "0", "10", "9", "z", "-", "_", "Z"];
const names = ["CreateInstance", "Restart", "migrateLogicDb", "é", "\uffee", "😀"];
const instanceIds = ["i", "I", "j"];
const instanceNames = ["", "orders", "Orders"];
const databaseNames = ["", "db", "DB"];
const orderIds = ["", "x", "y"];
/** Some of them are tasks that may be there. */
const parentIds = ["a", "b-", "none"];
const failReasons = ["", "É", "disk Full"];
const labelKeys = ["team", "Team", "constructor"];
const labelValues = ["", "a", "A"];
const leases = [1, 2];
const texts = ["", "RESTART", "igrat", "é", "É", "full", "b", "Ob", "_", "%", "none at all"];
const times = { min: nowMs - 5, max: nowMs };
const limits = { min: 1, max: ids.length };

const anyId = fc.constantFrom(...ids);
/** Many tasks of one moment, and every creation may be one of the past. */
const anyTime = fc.oneof(fc.constant(nowMs - 2), fc.integer(times));
const anyInstance = fc.record({
  id: fc.constantFrom(...instanceIds),
  name: fc.constantFrom(...instanceNames),
});

const anyCreation: fc.Arbitrary<TaskCreation> = fc
  .record({
    service: fc.constantFrom(...services),
    kind: fc.constantFrom(...taskKinds),
    name: fc.constantFrom(...names),
    instance: anyInstance,
    databaseName: fc.constantFrom(...databaseNames),
    orderId: fc.constantFrom(...orderIds),
    parentId: fc.option(fc.constantFrom(...parentIds)),
    failReason: fc.constantFrom(...failReasons),
    labels: someLabels(labelKeys, fc.constantFrom(...labelValues)),
    leaseSeconds: fc.option(fc.constantFrom(...leases)),
    createdAtMs: anyTime,
    status: fc.nat(),
    tookMs: fc.nat(3),
  })
  .map(({ kind, status: choice, tookMs, ...creation }) => {
    const subject = { ...creation, kind: creation.service === "rds" ? kind : ("instant" as const) };
    const statuses = statusesOf(subject);
    const status = statuses[choice % statuses.length] ?? "Running";
    const end = statusMeanings[status].ended ? { endedAtMs: creation.createdAtMs + tookMs } : {};
    return { ...subject, ...end, status, startedAtMs: null };
  });

const anyReport: fc.Arbitrary<TaskReport> = fc.record(
  {
    status: fc.constantFrom(...taskStatuses),
    progressPercent: fc.option(fc.integer({ min: 0, max: 100 })),
    instance: anyInstance,
    labels: someLabels(labelKeys, fc.option(fc.constantFrom(...labelValues))),
  },
  { requiredKeys: [] },
);

export const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ does: fc.constant("create"), id: anyId, creation: anyCreation }) },
  { weight: 6, arbitrary: fc.record({ does: fc.constant("report"), id: anyId, report: anyReport }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("delete"), id: anyId }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant("retire"),
      endedBeforeMs: fc.integer({ min: times.min, max: times.max + 3 }),
      limit: fc.integer(limits),
      others: fc.array(anyId, { maxLength: 3 }),
    }),
  },
);

const anyEnd = fc.option(anyTime, { nil: undefined, freq: 2 });
const anyWindow = fc.record({ createdFromMs: anyEnd, createdToMs: anyEnd });

const anyFilter = fc.record({
  services: someOf(services),
  kinds: someOf(taskKinds),
  statuses: someOf(taskStatuses),
  names: someOf(names),
  ids: someOf(ids),
  instanceIds: someOf(instanceIds),
  instanceNames: someOf(instanceNames),
  databaseNames: someOf(databaseNames),
  orderIds: someOf(orderIds),
  parentIds: someOf([...parentIds, ""]),
  labels: seldom(
    someLabels([...labelKeys, "none at all"], fc.array(fc.constantFrom(...labelValues), { maxLength: 3 })),
  ),
  texts: seldom(fc.array(fc.constantFrom(...texts), { maxLength: 2 })),
  stale: seldom(
    fc.record({
      wanted: fc.boolean(),
      atMs: fc.constantFrom(
        ...[0, 1, 1000, 1001, 2001, silenceBeforeStaleMs, silenceBeforeStaleMs + 1].map((ms) => nowMs + ms),
      ),
    }),
  ),
  createdFromMs: seldom(anyTime),
  createdToMs: seldom(anyTime),
});

/** Where a task may stand, and where none does: before them all, between two, and after them all. */
const anyPlace: fc.Arbitrary<Place> = fc.record({
  createdAtMs: fc.integer({ min: times.min - 1, max: times.max + 1 }),
  id: fc.constantFrom(...ids, "", "a0", "zz"),
});

const anyOrder = fc.constantFrom("newest-first" as const, "oldest-first" as const);

const anyPageQuery = fc.record({
  filter: anyFilter,
  order: anyOrder,
  after: seldom(anyPlace),
  offset: fc.oneof(fc.constant(0), fc.nat(ids.length)),
  limit: fc.integer(limits),
  withNames: fc.boolean(),
});

const anyStreamQuery = fc.record({
  filter: anyFilter,
  order: anyOrder,
  limit: fc.option(fc.integer(limits), { nil: undefined }),
});

const anyCountQuery = fc.record({
  filter: anyFilter,
  groupBy: fc
    .subarray([...taskGroupings])
    .chain((some) => fc.shuffledSubarray(some, { minLength: some.length })),
  bucketMs: fc.option(fc.constantFrom(1, 2, 3, 60_000), { nil: undefined }),
});

export const anyQuestion: fc.Arbitrary<Question> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      asks: fc.constant("page"),
      query: anyPageQuery,
      laterWindows: fc.array(anyWindow, { maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ asks: fc.constant("counts"), query: anyCountQuery }) },
  { weight: 1, arbitrary: fc.record({ asks: fc.constant("stream"), query: anyStreamQuery }) },
  { weight: 1, arbitrary: fc.record({ asks: fc.constant("successes"), limit: fc.integer(limits) }) },
);

function someLabels<T>(
  keys: readonly string[],
  value: fc.Arbitrary<T>,
): fc.Arbitrary<Readonly<Record<string, T>>> {
  return fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 2, noNullPrototype: true });
}

/** Most questions have few conditions, so that most answers have tasks. */
function seldom<T>(condition: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: condition });
}

/** Some values of a list, in any order, some of them twice; seldom none. */
function someOf<T>(values: readonly T[]): fc.Arbitrary<readonly T[] | undefined> {
  return seldom(fc.array(fc.constantFrom(...values), { maxLength: 2 * values.length, size: "max" }));
}
