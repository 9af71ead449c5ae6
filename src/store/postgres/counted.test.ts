import assert from "node:assert/strict";
import test from "node:test";
import { insertMany, openCountedTasks } from "../../../test/counted-tasks.ts";
import { services } from "../../task/lifecycle.ts";
import type { TaskCountQuery } from "../../task/query.ts";
import { countedPlanOf, createCountedLists } from "./counted.ts";
import { createCounting } from "./counting.ts";
import { countAll } from "./groups.ts";
import { rebuildCounts } from "./rebuild-counts.ts";
import { holdTrees } from "./trees.ts";

const projectId = "counted";
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The newest task's creation. */
const nowMs = 100 * dayMs;

/** What the console's overview asks for: some bars less or more than these are in each of its ranges. */
const ranges = [
  { rangeMs: 7 * dayMs, bucketMs: hourMs },
  { rangeMs: dayMs, bucketMs: hourMs / 4 },
  { rangeMs: 30 * dayMs, bucketMs: 6 * hourMs },
  { rangeMs: 90 * dayMs, bucketMs: dayMs },
  { rangeMs: 15 * hourMs, bucketMs: hourMs / 12 },
];

test("bars over any range are told by the counts, also where there are tasks of every service and kind", async (t) => {
  const { session } = await openCountedTasks(t);
  await insertMany(session.query, {
    count: 4000,
    facts: { projectId },
    differ: `
      'id', 'task-' || number,
      'service', (ARRAY['ddm', 'rds', 'geminidb'])[number % 3 + 1],
      'kind', CASE WHEN number % 12 = 1 THEN 'scheduled' ELSE 'instant' END,
      'status', CASE WHEN number % 5 = 0 THEN 'Failed' ELSE 'Completed' END,
      'created_at_ms', ${nowMs} - (4000 - number)::bigint * ${dayMs / 100}`,
  });
  await rebuildCounts(session);
  const trees = holdTrees();
  const counted = createCountedLists({ counting: createCounting(trees, () => {}), trees });
  assert.equal(services.length, 3);
  for (const { rangeMs, bucketMs } of ranges) {
    const asked: TaskCountQuery = {
      filter: { projectId, createdFromMs: nowMs - rangeMs, createdToMs: nowMs },
      groupBy: ["status"],
      bucketMs,
    };
    const plan = countedPlanOf(asked.filter);
    assert.ok(plan);
    const told = await session.snapshot((query) => counted.countGroups(query, plan, asked));
    const looked = await session.snapshot((query) => countAll(query, asked));
    assert.deepEqual(told, looked, `${rangeMs / hourMs} h`);
    assert.ok(looked.total > 40);
  }
});
