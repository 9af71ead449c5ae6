import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { taskFactory } from "../../../test/factories.ts";
import { openMigratedDatabase, postgresServers } from "../../../test/postgres.ts";
import { beginning, justAfter, startOf, theEnd } from "../../counts/place.ts";
import type { TaskFilter } from "../../task/query.ts";
import { rowOfTask, taskColumns } from "../task-rows.ts";
import { pageStatement, searchStatements } from "./filters.ts";
import { openSession, type Query, type Statement, statement, type Value } from "./session.ts";

/** A node of a plan that was carried out, as the database tells it. */
interface PlanNode {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

const taskCount = 20_000;
const projectId = taskFactory.running().projectId;

/** Tasks of every service and kind, most of them completed, some waiting for their time, one canceled. */
const insertMany = statement(
  `INSERT INTO task SELECT made.* FROM generate_series(1, ${taskCount}) AS number CROSS JOIN LATERAL jsonb_populate_record(
     NULL::task,
     $1::jsonb || jsonb_build_object(
       'id', 'task-' || number,
       'service', (ARRAY['ddm', 'rds', 'geminidb'])[1 + number % 3],
       'kind', CASE WHEN number % 60 = 1 THEN 'scheduled' ELSE 'instant' END,
       'status', CASE WHEN number = 7000 THEN 'Canceled' ELSE 'Completed' END,
       'name', 'Name' || number % 7,
       'instance_id', 'instance-' || number % 100,
       'instance_name', 'orders-' || number % 100,
       'order_id', CASE WHEN number % 100 = 0 THEN 'order-' || number ELSE '' END,
       'parent_id', CASE WHEN number % 50 = 0 THEN 'task-' || number / 1000 END,
       'created_at_ms', number / 3
     )
   ) AS made`,
);

/** A task's row as JSON. */
function rowAsJson(): string {
  const columns = rowOfTask(taskFactory.completed()).map((value, index) => [taskColumns[index], value]);
  return JSON.stringify({ ...Object.fromEntries(columns), creation_digest: "", accepted_at_ms: 0 });
}

async function openWithTasks(t: TestContext, version: (typeof postgresServers)[number]["version"]) {
  const { url } = await openMigratedDatabase(t, version);
  const session = openSession({ url, connections: 2, onTrouble: () => {} });
  t.after(() => session.close());
  await session.query(insertMany, [rowAsJson()]);
  await session.query(statement("ANALYZE task"));
  return session;
}

/** Every node of a statement's plan, with the statement prepared, and its values known to the planner or not. */
async function planOf(
  query: Query,
  asked: { readonly statement: Statement<readonly unknown[]>; readonly values: readonly Value[] },
  mode: string,
): Promise<readonly PlanNode[]> {
  const { text } = asked.statement;
  await query(statement(`SET LOCAL plan_cache_mode = ${mode}`));
  await query({ text: `PREPARE asked AS ${text}`, name: "" });
  const explain = `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE asked(${asked.values.map(literalOf).join(", ")})`;
  const [[[{ Plan: root }]] = [[{ Plan: undefined }]]] = await query<readonly [[{ Plan: PlanNode }]]>({
    text: explain,
    name: "",
  });
  await query(statement("DEALLOCATE asked"));
  assert.ok(root);
  return nodesIn(root);
}

function nodesIn(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesIn)];
}

function literalOf(value: Value): string {
  if (typeof value === "number") return `(${value})`;
  return typeof value === "string"
    ? `'${value}'`
    : `ARRAY[${(value as readonly string[]).map(literalOf).join(", ")}]::text[]`;
}

/** How many entries of the table and its indexes were looked at. */
function lookedAt(plan: readonly PlanNode[]): number {
  return plan
    .filter((node) => node["Node Type"].includes("Scan") && node["Index Name"] !== undefined)
    .reduce(
      (sum, node) =>
        sum + node["Actual Loops"] * (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)),
      0,
    );
}

const rds = { projectId, services: ["rds"], kinds: ["instant"] } as const;

/** Filters, each with the index that serves its pages, and how many ranges of it. */
const served: readonly (readonly [index: string, ranges: number, filter: TaskFilter])[] = [
  ["task_by_service", 6, { projectId }],
  ["task_by_service", 1, rds],
  ["task_by_name", 1, { ...rds, names: ["Name1"] }],
  ["task_by_name", 12, { projectId, names: ["Name1", "Name2"] }],
  ["task_by_instance", 6, { projectId, instanceIds: ["instance-1"] }],
  ["task_by_instance", 1, { ...rds, instanceIds: ["instance-1"], statuses: ["Completed"] }],
  ["task_by_status", 1, { ...rds, statuses: ["Canceled"] }],
  ["task_by_status", 12, { projectId, statuses: ["Canceled", "Running"] }],
  ["task_by_order", 6, { projectId, orderIds: ["order-100"] }],
  ["task_by_parent", 1, { projectId, parentIds: ["task-6"] }],
  ["task_by_parent", 3, { ...rds, parentIds: ["task-6", "task-7", "nowhere"], statuses: ["Completed"] }],
  ["task_by_scheduled_instance_name", 1, { ...rds, kinds: ["scheduled"], instanceNames: ["orders-1"] }],
  ["task_pkey", 3, { projectId, ids: ["task-1", "task-2", "nowhere"] }],
];

for (const { name, version } of postgresServers) {
  test(`on ${name}, a page is read from its index, and no more of it than the page may reach`, async (t) => {
    const session = await openWithTasks(t, version);
    const offset = 20;
    const limit = 30;
    const spans = [
      { from: beginning, to: theEnd },
      { from: startOf(1000), to: justAfter({ createdAtMs: 5000, id: "task-15000" }) },
    ];
    await session.transaction(async (query) => {
      for (const [index, ranges, filter] of served) {
        for (const order of ["newest-first", "oldest-first"] as const) {
          const page = pageStatement(filter, order);
          for (const span of spans) {
            for (const mode of ["force_custom_plan", "force_generic_plan"]) {
              const values = page.values({ ...span, offset, limit });
              const plan = await planOf(query, { statement: page.statement, values }, mode);
              const told = JSON.stringify({ filter, order, mode, plan: plan[0] });
              assert.ok(!plan.some((node) => /Seq Scan|Bitmap/.test(node["Node Type"])), told);
              assert.ok(
                plan.some((node) => node["Index Name"] === index),
                told,
              );
              // In each range as far as the page may reach, and the page's own tasks.
              assert.ok(lookedAt(plan) <= ranges * (offset + limit) + limit, told);
            }
          }
        }
      }
    });
  });

  test(`on ${name}, a search looks at no more tasks than it is told`, async (t) => {
    const session = await openWithTasks(t, version);
    const { find, last } = searchStatements({ projectId, texts: ["nothing"] }, "oldest-first", 10);
    const span = { from: beginning, to: theEnd };
    await session.transaction(async (query) => {
      for (const mode of ["force_custom_plan", "force_generic_plan"]) {
        const looked = { statement: find.statement, values: find.values({ ...span, offset: 0, limit: 100 }) };
        assert.ok(lookedAt(await planOf(query, looked, mode)) <= 6 * 100 + 100);
        const end = { statement: last.statement, values: last.values({ ...span, offset: 99, limit: 1 }) };
        assert.ok(lookedAt(await planOf(query, end, mode)) <= 6 * 100);
      }
    });
  });
}
