import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import fc from "fast-check";
import { type CountedTasks, openCountedTasks } from "../../../test/counted-tasks.ts";
import { taskFactory } from "../../../test/factories.ts";
import { smallLimits } from "../../../test/series-in-memory.ts";
import { beginning, comparePlaces, justAfter, theEnd } from "../../counts/place.ts";
import { emptyTally, slotOf, type Tally } from "../../counts/tally.ts";
import { type Service, type TaskKind, type TaskStatus, taskStatuses } from "../../task/lifecycle.ts";
import type { Place } from "../../task/query.ts";
import type { Task } from "../../task/task.ts";
import { createCounting, type End } from "./counting.ts";
import { foldChanges } from "./fold.ts";
import { type Dimension, dimensions, type SeriesKey } from "./series.ts";
import { statement } from "./session.ts";
import { holdTrees } from "./trees.ts";

const { projectId } = taskFactory.running();
const services: readonly Service[] = ["ddm", "rds"];
const kinds: readonly TaskKind[] = ["instant", "scheduled"];
const valuesOf: Readonly<Record<Dimension, readonly string[]>> = {
  service: [""],
  name: ["A", "Größe", "Nowhere"],
  instance: ["i-0", "i-1", "i-2"],
};
const allStatuses: readonly TaskStatus[] = ["Pending", "Running", "Completed", "Failed"];

/** Tasks of every series and several statuses, some of them in the same millisecond. */
function tasksOf(count: number, facts: Partial<Task> = {}): readonly Task[] {
  return Array.from({ length: count }, (_, index) =>
    taskFactory.running({
      id: `task-${index}`,
      service: services[index % 7 === 0 ? 0 : 1] ?? "rds",
      kind: kinds[index % 11 === 0 ? 1 : 0] ?? "instant",
      name: index % 3 === 0 ? "A" : "Größe",
      instance: { id: `i-${index % 4}`, name: "", status: "" },
      createdAtMs: Math.floor((index * 7) % 40) - 5,
      status: allStatuses[index % 4] ?? "Running",
      ...facts,
    }),
  );
}

/** What stands at some ends, counted one by one. */
function tallyNaively(tasks: readonly Task[], { series, place }: End): Tally {
  const tally = emptyTally();
  for (const task of tasks) {
    const value = { service: "", name: task.name, instance: task.instance.id }[series.dimension];
    const isOf = task.service === series.service && task.kind === series.kind && value === series.value;
    const slot = slotOf(task.status);
    if (isOf && comparePlaces(task, place) < 0) tally[slot] = (tally[slot] ?? 0) + 1;
  }
  return tally;
}

function sumNaively(
  tasks: readonly Task[],
  ends: readonly End[],
  statuses: readonly TaskStatus[] | undefined,
): number {
  const wanted = new Set(statuses ?? taskStatuses);
  const those = tasks.filter(({ status }) => wanted.has(status));
  return ends.reduce(
    (sum, end) => sum + end.sign * tallyNaively(those, end).reduce((total, count) => total + count, 0),
    0,
  );
}

function anyPlace(tasks: readonly Task[]): fc.Arbitrary<Place> {
  const near = fc.constantFrom(...tasks).chain((task) => fc.constantFrom(task, justAfter(task)));
  const time = fc.integer({ min: -10, max: 40 });
  return fc.oneof(
    fc.constantFrom(beginning, theEnd),
    near.map(({ createdAtMs, id }) => ({ createdAtMs, id })),
    fc.record({ createdAtMs: time, id: fc.constantFrom("", "task-3", "z") }),
  );
}

function anyEnd(dimension: Dimension, tasks: readonly Task[]): fc.Arbitrary<End> {
  return fc.record({
    series: fc.record({
      service: fc.constantFrom(...services),
      kind: fc.constantFrom(...kinds),
      dimension: fc.constant(dimension),
      value: fc.constantFrom(...valuesOf[dimension]),
    }),
    place: anyPlace(tasks),
    sign: fc.constantFrom<1 | -1>(1, -1),
  });
}

/** Whoever asks may name a status twice. */
const anyStatuses = fc.option(
  fc.array(fc.constantFrom(...allStatuses, "Canceled" as const), { maxLength: 8, size: "max" }),
  { nil: undefined },
);

/** Folded trees of small blocks, and changes of each kind that they do not know. Answers the tasks as they are. */
async function fill({ session, create, setStatus, remove }: CountedTasks): Promise<readonly Task[]> {
  const tasks = tasksOf(160);
  const [folded, late] = [tasks.slice(0, 130), tasks.slice(130)];
  await create(folded);
  await foldChanges(session, projectId, smallLimits);
  await create(late);
  await Promise.all([
    ...tasks.slice(10, 20).map((task) => setStatus(task, "Failed")),
    ...tasks.slice(125, 135).map((task) => setStatus(task, "Completed")),
    ...tasks.slice(40, 50).map((task) => remove(task)),
  ]);
  return tasks.flatMap((task, index): readonly Task[] => {
    if (index >= 40 && index < 50) return [];
    if (index >= 10 && index < 20) return [{ ...task, status: "Failed" }];
    return [index >= 125 && index < 135 ? { ...task, status: "Completed" } : task];
  });
}

/** The end of the list of all tasks of RDS that run at once. */
const ofRds: SeriesKey = { service: "rds", kind: "instant", dimension: "service", value: "" };
const all = { projectId, ends: [{ series: ofRds, place: theEnd, sign: 1 }], statuses: undefined } as const;

async function open(t: TestContext, options?: Parameters<typeof holdTrees>[0]) {
  const counted = await openCountedTasks(t);
  return {
    ...counted,
    counting: createCounting(holdTrees(options), () => {}),
    fold: () => foldChanges(counted.session, projectId, smallLimits),
  };
}

for (const dimension of dimensions) {
  test(`sums by ${dimension} are those of a count one by one, of few ends and of many`, async (t) => {
    const { session, counting, ...counted } = await open(t);
    const tasks = await fill({ session, ...counted });
    const sizes = { few: 0, many: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEnd(dimension, tasks), { minLength: 1, maxLength: 30, size: "max" }),
        anyStatuses,
        async (ends, statuses) => {
          sizes[ends.length <= 12 ? "few" : "many"] += 1;
          const asked = { projectId, ends, statuses };
          const { sum, pending } = await session.snapshot((query) => counting.sumAt(query, asked));
          assert.equal(sum, sumNaively(tasks, ends, statuses));
          // Thirty came, ten went, and of twenty whose status was set, six had it already.
          assert.equal(pending, 54);
          const beside = await counting.sumBeside(session.query, asked, {
            statement: statement("SELECT task.id FROM task WHERE task.project_id = $1 AND task.id = $2"),
            values: [projectId, "task-1"],
            order: "",
          });
          assert.deepEqual(beside, ends.length <= 12 ? { sum, rows: [["task-1"]] } : undefined);
        },
      ),
      { numRuns: 60 },
    );
    assert.ok(sizes.few > 5 && sizes.many > 5, JSON.stringify(sizes));
  });

  test(`tallies by ${dimension} are those of a count one by one`, async (t) => {
    const { session, counting, ...counted } = await open(t);
    const tasks = await fill({ session, ...counted });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEnd(dimension, tasks), { minLength: 1, maxLength: 30, size: "max" }),
        async (ends) => {
          const { tallies } = await session.snapshot((query) => counting.talliesAt(query, projectId, ends));
          assert.deepEqual(
            tallies,
            ends.map((end) => tallyNaively(tasks, end)),
          );
        },
      ),
      { numRuns: 30 },
    );
  });
}

test("nothing is asked of the database where nothing is to be counted", async (t) => {
  const { counting } = await open(t);
  const query = () => assert.fail("the database was asked");
  const asked = { projectId, ends: [], statuses: undefined };
  assert.deepEqual(await counting.sumAt(query, asked), { sum: 0, pending: 0 });
  assert.deepEqual(await counting.talliesAt(query, projectId, []), { tallies: [], pending: 0 });
  assert.equal(
    await counting.sumBeside(query, asked, { statement: statement(""), values: [], order: "" }),
    undefined,
  );
  // Trees that nobody has read tell nothing.
  assert.equal(
    await counting.sumBeside(query, all, { statement: statement(""), values: [], order: "" }),
    undefined,
  );
});

test("trees that are held are read anew after a fold, also one that another server made", async (t) => {
  const { session, openAnother, counting, create, fold } = await open(t);
  const total = () => session.snapshot((query) => counting.sumAt(query, all));
  const beside = () =>
    counting.sumBeside(session.query, all, {
      statement: statement("SELECT $1::text"),
      values: [projectId],
      order: "",
    });
  const rds = (prefix: string, count: number) =>
    tasksOf(count, { service: "rds", kind: "instant" }).map((task) => ({
      ...task,
      id: `${prefix}-${task.id}`,
    }));
  await create(rds("a", 50));
  assert.deepEqual(await total(), { sum: 50, pending: 50 });
  await fold();
  assert.equal(await beside(), undefined);
  assert.deepEqual(await total(), { sum: 50, pending: 0 });
  await create(rds("b", 20));
  assert.deepEqual(await beside(), { sum: 70, rows: [[projectId]] });
  await foldChanges(openAnother(), projectId, smallLimits);
  assert.deepEqual(await total(), { sum: 70, pending: 0 });
});

test("a snapshot older than the trees that are held is counted as it was", async (t) => {
  const { session, counting, create, fold } = await open(t);
  const tasks = tasksOf(90, { service: "rds", kind: "instant" });
  await create(tasks.slice(0, 30));
  await fold();
  await session.snapshot(async (old) => {
    assert.deepEqual(await counting.sumAt(old, all), { sum: 30, pending: 0 });
    await create(tasks.slice(30));
    await fold();
    const now = await session.snapshot((query) => counting.sumAt(query, all));
    assert.deepEqual(now, { sum: 90, pending: 0 });
    assert.deepEqual(await counting.sumAt(old, all), { sum: 30, pending: 0 });
    // Both at once, each of another version.
    const [before, after] = await Promise.all([
      counting.sumAt(old, all),
      session.snapshot((query) => counting.sumAt(query, all)),
    ]);
    assert.deepEqual([before.sum, after.sum], [30, 90]);
  });
});

test("where more is asked for than is held, projects give way to each other, and every sum stays right", async (t) => {
  const { session, counting, create } = await open(t, { maxNodes: 20 });
  const projects = ["p1", "p2", "p3"];
  for (const [index, project] of projects.entries()) {
    await create(tasksOf(30 + index, { projectId: project, service: "rds", kind: "instant" }));
    await foldChanges(session, project, smallLimits);
  }
  const beside = (project: string) =>
    counting.sumBeside(
      session.query,
      { ...all, projectId: project, ends: [{ series: ofRds, place: { createdAtMs: 10, id: "" }, sign: 1 }] },
      { statement: statement("SELECT $1::text"), values: [project], order: "" },
    );
  let wereHeld = 0;
  for (let round = 0; round < 4; round += 1) {
    for (const [index, project] of projects.entries()) {
      if ((await beside(project)) !== undefined) wereHeld += 1;
      const ends = [0, 5, 10, 20].map(
        (createdAtMs): End => ({ series: ofRds, place: { createdAtMs, id: "" }, sign: 1 }),
      );
      const { sum } = await session.snapshot((query) =>
        counting.sumAt(query, { projectId: project, ends, statuses: undefined }),
      );
      const tasks = tasksOf(30 + index, { projectId: project, service: "rds", kind: "instant" });
      assert.equal(sum, sumNaively(tasks, ends, undefined));
      // The one that was used last stays, however large it is.
      assert.notEqual(await beside(project), undefined);
    }
  }
  assert.equal(wereHeld, 0);
});

test("who asks is told how many changes wait", async (t) => {
  const { session, create, fold } = await open(t);
  const told: (readonly [string, number])[] = [];
  const counting = createCounting(holdTrees(), (project, changes) => told.push([project, changes]));
  await create(tasksOf(12));
  await session.snapshot((query) => counting.sumAt(query, all));
  await fold();
  await session.snapshot((query) => counting.talliesAt(query, projectId, all.ends));
  assert.deepEqual(told, [
    [projectId, 12],
    [projectId, 0],
  ]);
});
