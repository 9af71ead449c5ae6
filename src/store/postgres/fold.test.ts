import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import {
  appendCreations,
  findingsIn,
  insertMany,
  openCountedTasks,
  sizesIn,
} from "../../../test/counted-tasks.ts";
import { taskFactory } from "../../../test/factories.ts";
import { smallLimits } from "../../../test/series-in-memory.ts";
import { beginning, startOf, theEnd } from "../../counts/place.ts";
import { type Service, type TaskKind, type TaskStatus, taskStatuses } from "../../task/lifecycle.ts";
import type { Place } from "../../task/query.ts";
import type { Task } from "../../task/task.ts";
import { createCounting } from "./counting.ts";
import { foldChanges } from "./fold.ts";
import type { SeriesKey } from "./series.ts";
import { type Query, type Session, statement } from "./session.ts";
import { holdTrees } from "./trees.ts";

const { projectId } = taskFactory.running();

/** Some tasks of one service, a few in each millisecond, of two names and on three instances. */
function someTasks(prefix: string, count: number): readonly Task[] {
  return Array.from({ length: count }, (_, index) =>
    taskFactory.running({
      id: `${prefix}-${index}`,
      name: `Name${index % 2}`,
      instance: { id: `instance-${index % 3}`, name: "", status: "" },
      createdAtMs: Math.floor(index / 5),
    }),
  );
}

async function open(t: TestContext) {
  const counted = await openCountedTasks(t);
  return {
    ...counted,
    fold: (session: Session = counted.session) => foldChanges(session, projectId, smallLimits),
    findings: () => findingsIn(counted.session, smallLimits),
  };
}

test("a fold takes every change that is there, and leaves the totals as they were", async (t) => {
  const { session, create, setStatus, remove, fold, findings } = await open(t);
  assert.equal(await fold(), 0);
  await create(someTasks("a", 100));
  await setStatus({ projectId, id: "a-7" }, "Failed");
  await remove({ projectId, id: "a-8" });
  assert.deepEqual(await sizesIn(session.query), { changes: 102, nodes: 0 });
  assert.equal(await fold(), 102);
  const { changes, nodes } = await sizesIn(session.query);
  assert.equal(changes, 0);
  assert.ok(nodes > 3 * (100 / smallLimits.maxBlockTasks));
  assert.deepEqual(await findings(), []);
  assert.equal(await fold(), 0);
});

test("changes all over wide trees are folded with a few statements a level", async (t) => {
  const { session, create, setStatus, fold, findings } = await open(t);
  const tasks = someTasks("wide", 600);
  await create(tasks);
  await fold();
  for (const task of tasks.filter((_, index) => index % 4 === 0)) await setStatus(task, "Failed");
  let statements = 0;
  const counting: Session = {
    ...session,
    transaction: (change, isolation) =>
      session.transaction((query) => {
        const counted: Query = (asked, values) => {
          statements += 1;
          return query(asked, values);
        };
        return change(counted);
      }, isolation),
  };
  assert.equal(await fold(counting), 150);
  // A lock, the changes, the roots, three levels of nodes and more, what is written, and the version.
  assert.ok(statements <= 14, `${statements} statements`);
  assert.deepEqual(await findings(), []);
});

test("where two servers fold one project at once, one does, and the other leaves it to that one", async (t) => {
  const { session, openAnother, create, fold, findings } = await open(t);
  const others = [openAnother(), openAnother()];
  let folded = 0;
  for (let round = 0; round < 15; round += 1) {
    const [, ...counts] = await Promise.all([
      create(someTasks(`round-${round}`, 20)),
      ...others.map((other) => fold(other)),
      ...others.map((other) => fold(other)),
    ]);
    folded += counts.reduce((sum, count) => sum + count, 0);
  }
  folded += await fold();
  assert.equal(folded, 15 * 20);
  assert.deepEqual((await sizesIn(session.query)).changes, 0);
  assert.deepEqual(await findings(), []);
});

const lockVersion = statement("SELECT 1 FROM count_version WHERE project_id = $1 FOR UPDATE");
const endWaiting = statement<[ended: boolean]>(
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO count_version%'`,
);

test("a fold whose connection is ended before its commit has changed nothing, and the next one does it", async (t) => {
  const { session, openAnother, create, fold, findings } = await open(t);
  const doomed = openAnother();
  await create(someTasks("a", 30));
  await fold();
  await create(someTasks("b", 30));
  const before = await sizesIn(session.query);
  await session.transaction(async (query) => {
    await query(lockVersion, [projectId]);
    // It has written its nodes, and waits to raise the version.
    const refused = assert.rejects(fold(doomed), { code: "store-unavailable" });
    while ((await session.query(endWaiting)).length === 0) await wait(10);
    await refused;
  });
  assert.deepEqual(await sizesIn(session.query), before);
  assert.deepEqual(await findings(), []);
  assert.equal(await fold(), 30);
  assert.deepEqual(await findings(), []);
});

test("very many changes are folded at once", async (t) => {
  const { session } = await openCountedTasks(t);
  const differ =
    "'id', 'task-' || number, 'name', 'N' || number % 7, 'instance_id', 'i' || number % 1000, 'created_at_ms', number / 3";
  await session.transaction(async (query) => {
    await insertMany(query, { count: 20_000, differ });
    await appendCreations(query, projectId);
  });
  assert.equal(await foldChanges(session, projectId), 20_000);
  assert.deepEqual(await findingsIn(session), []);
  assert.equal((await sizesIn(session.query)).changes, 0);
});

test("a burst within one millisecond is cut into blocks like everything else", async (t) => {
  const { session } = await openCountedTasks(t);
  await session.transaction(async (query) => {
    await insertMany(query, { count: 5000, differ: "'id', 'task-' || number" });
    await appendCreations(query, projectId);
  });
  assert.equal(await foldChanges(session, projectId), 5000);
  assert.deepEqual(await findingsIn(session), []);
  const { nodes } = await sizesIn(session.query);
  assert.ok(nodes >= 3 * (5000 / 256));
  const { sumAt } = createCounting(holdTrees(), () => {});
  for (const id of ["task-1", "task-2500", "task-4999"]) {
    const place = { createdAtMs: taskFactory.completed().createdAtMs, id };
    await session.snapshot(async (query) => {
      const { sum } = await sumAt(query, sumBefore(ofService, place));
      assert.equal(sum, await countBefore(query, ofService, place));
    });
  }
});

test("retention that empties series leaves no node of them, and others as they were", async (t) => {
  const { session, create, remove, deleteEnded, fold, findings } = await open(t);
  const ended = Array.from({ length: 60 }, (_, index) =>
    taskFactory.completed({ id: `ended-${index}`, name: index < 50 ? "Old" : "Kept", createdAtMs: index }),
  );
  await create([...ended, taskFactory.running({ id: "live", name: "Kept", createdAtMs: 30 })]);
  await fold();
  const nodesOf = async (name: string) => {
    const count = statement<[count: number]>("SELECT count(*) FROM count_node WHERE value = $1");
    return (await session.query(count, [name]))[0]?.[0] ?? 0;
  };
  assert.ok((await nodesOf("Old")) > 10);
  for (let from = 0; from < 50; from += 20) {
    const ids = ended.slice(from, Math.min(from + 20, 50)).map(({ id }) => id);
    await deleteEnded({ projectId, ids, endedBeforeMs: Number.MAX_SAFE_INTEGER });
    await fold();
    assert.deepEqual(await findings(), []);
  }
  assert.equal(await nodesOf("Old"), 0);
  assert.ok((await nodesOf("Kept")) > 0);
  await deleteEnded({ projectId, ids: ended.map(({ id }) => id), endedBeforeMs: Number.MAX_SAFE_INTEGER });
  await fold();
  assert.deepEqual(await findings(), []);
  await remove({ projectId, id: "live" });
  await fold();
  assert.deepEqual(await sizesIn(session.query), { changes: 0, nodes: 0 });
});

/** What happens in a project: tasks come, change and go, and now and then somebody folds. */
type Step =
  | { readonly does: "create"; readonly tasks: readonly Task[] }
  | { readonly does: "change"; readonly at: number; readonly status: TaskStatus }
  | { readonly does: "remove"; readonly at: number }
  | { readonly does: "fold" };

const anyTask = fc
  .record({
    service: fc.constantFrom<Service>("ddm", "rds"),
    kind: fc.constantFrom<TaskKind>("instant", "scheduled"),
    name: fc.constantFrom("A", "B"),
    instance: fc.constantFrom("1", "2").map((id) => ({ id, name: "", status: "" })),
    createdAtMs: fc.integer({ min: -3, max: 30 }),
    status: fc.constantFrom(...taskStatuses),
  })
  .map((facts) => taskFactory.running(facts));

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constant("create"), tasks: fc.array(anyTask, { minLength: 1, maxLength: 25 }) }),
  fc.record({
    does: fc.constant("change"),
    at: fc.nat(),
    status: fc.constantFrom(...taskStatuses),
  }),
  fc.record({ does: fc.constant("remove"), at: fc.nat() }),
  fc.record({ does: fc.constant("fold") }),
);

test("whatever happens between folds, the trees and the changes that wait are what the tasks are", async (t) => {
  const { session, create, setStatus, remove, findings } = await open(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 25 }), async (steps) => {
      run += 1;
      const project = `project-${run}`;
      const fold = () => foldChanges(session, project, smallLimits);
      const ids: string[] = [];
      let created = 0;
      for (const step of steps) {
        if (step.does === "create") {
          const tasks = step.tasks.map((task) => {
            created += 1;
            return { ...task, projectId: project, id: `task-${created}` };
          });
          await create(tasks);
          ids.push(...tasks.map(({ id }) => id));
        } else if (step.does === "fold") {
          await fold();
          assert.deepEqual(await findings(), []);
        } else if (ids.length > 0) {
          const key = { projectId: project, id: ids[step.at % ids.length] ?? "" };
          if (step.does === "change") await setStatus(key, step.status);
          else {
            await remove(key);
            ids.splice(ids.indexOf(key.id), 1);
          }
        }
      }
      assert.deepEqual(await findings(), []);
      await Promise.all(ids.map((id) => remove({ projectId: project, id })));
      await fold();
      assert.deepEqual(await sizesIn(session.query), { changes: 0, nodes: 0 });
      // Nobody need look at it any more.
      await session.query(statement("DELETE FROM count_version"));
    }),
    { numRuns: 25 },
  );
});

const ofService: SeriesKey = { service: "rds", kind: "instant", dimension: "service", value: "" };

function sumBefore(series: SeriesKey, place: Place, statuses?: readonly TaskStatus[]) {
  return { projectId, ends: [{ series, place, sign: 1 }], statuses } as const;
}

const countNaively = statement<[count: number]>(
  `SELECT count(*) FROM task WHERE project_id = $1 AND service = $2 AND kind = $3
   AND $5 = CASE $4 WHEN 'name' THEN name WHEN 'instance' THEN instance_id ELSE '' END
   AND (created_at_ms, id) < ($6, $7) AND ($8::text[] IS NULL OR status = ANY ($8))`,
);

async function countBefore(
  query: Query,
  { service, kind, dimension, value }: SeriesKey,
  place: Place,
  statuses?: readonly TaskStatus[],
): Promise<number> {
  const values = [projectId, service, kind, dimension, value, place.createdAtMs, place.id, statuses ?? null];
  const [[count] = [Number.NaN]] = await query(countNaively, values);
  return count;
}

test("while tasks are written and folds go on, every sum is exact at every moment", async (t) => {
  const { openAnother, create, setStatus, remove, fold, findings } = await open(t);
  await create(someTasks("a", 50));
  let isDone = false;
  let rounds = 0;
  let folds = 0;
  const writing = (async () => {
    for (; !isDone; rounds += 1) {
      await Promise.all([
        create(someTasks(`${rounds}`, 12)),
        setStatus({ projectId, id: `a-${rounds % 50}` }, rounds % 2 === 0 ? "Failed" : "Completed"),
        rounds > 3 && remove({ projectId, id: `${rounds - 3}-${rounds % 12}` }),
      ]);
    }
  })();
  const folding = [openAnother(), openAnother()].map(async (session) => {
    while (!isDone) if ((await fold(session)) > 0) folds += 1;
  });
  const asking = [openAnother(), openAnother()].map(async (session, server) => {
    const { sumAt } = createCounting(holdTrees(), () => {});
    // However the machine shares its time among them: until the others have done something, too.
    for (let asked = 0; asked < 150 || rounds <= 5 || folds <= 5; asked += 1) {
      const series: SeriesKey =
        asked % 3 === 0
          ? ofService
          : {
              ...ofService,
              ...(asked % 3 === 1
                ? { dimension: "name", value: "Name1" }
                : { dimension: "instance", value: "instance-2" }),
            };
      const place =
        [theEnd, startOf(asked % 12), { createdAtMs: asked % 11, id: "a-7" }, beginning][
          (asked + server) % 4
        ] ?? theEnd;
      const statuses = asked % 2 === 0 ? undefined : (["Running", "Failed"] as const);
      await session.snapshot(async (query) => {
        const [{ sum }, counted] = await Promise.all([
          sumAt(query, sumBefore(series, place, statuses)),
          countBefore(query, series, place, statuses),
        ]);
        assert.equal(sum, counted);
      });
    }
  });
  try {
    await Promise.all(asking);
  } finally {
    isDone = true;
  }
  await Promise.all([writing, ...folding]);
  await fold();
  assert.deepEqual(await findings(), []);
});
