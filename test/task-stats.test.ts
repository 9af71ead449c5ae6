import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { statusMeanings, type TaskStatus } from "../src/task/lifecycle.ts";
import { compareBytewise } from "../src/task/query.ts";
import { assertProblem } from "./problems.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/** Counting tasks over HTTP, against counting them one by one. */

const nowMs = Date.UTC(2026, 2, 1, 12);
const tasksPath = `/v1/${projectId}/tasks`;
const statsPath = `${tasksPath}:stats`;
const minuteMs = 60_000;
const bucketsMs = {
  "1m": minuteMs,
  "5m": 5 * minuteMs,
  "15m": 15 * minuteMs,
  "1h": 60 * minuteMs,
  "6h": 360 * minuteMs,
  "1d": 1440 * minuteMs,
};
let server: TestServer;

before(async () => {
  server = await startServer({ clock: () => nowMs });
  for (const body of bodies) {
    const answer = await server.call(tasksPath, { body });
    assert.equal(answer.status, 201, answer.text);
  }
});
after(() => server.close());

const bodies = fc.sample(
  fc.record({
    service: fc.constantFrom("ddm", "rds", "geminidb"),
    name: fc.constantFrom("Backup", "Restart", "Ünïcode", "\u{1F4BE}", "\uFF21"),
    instance: fc.record({ id: fc.constantFrom("in01", "in02") }),
    status: fc.constantFrom<TaskStatus>("Running", "Completed", "Failed", "Canceled"),
    // On both sides of the buckets' ends.
    created_at: fc
      .constantFrom(
        0,
        1,
        minuteMs - 1,
        minuteMs,
        minuteMs + 1,
        3_600_000,
        12 * 3_600_000,
        12 * 3_600_000 + 1,
        400_000_000,
      )
      .map((agoMs) => new Date(nowMs - agoMs).toISOString()),
  }),
  { numRuns: 80, seed: 3 },
);
type Body = (typeof bodies)[number];

const groupings = ["state", "status", "service", "name", "instance_id"] as const;
const propertyOf: Record<(typeof groupings)[number], (body: Body) => string> = {
  state: ({ status }) => statusMeanings[status].state,
  status: ({ status }) => status,
  service: ({ service }) => service,
  name: ({ name }) => name,
  instance_id: ({ instance }) => instance.id,
};

function countOneByOne(
  matching: readonly Body[],
  groupBy: readonly (typeof groupings)[number][],
  bucket: keyof typeof bucketsMs | undefined,
) {
  const groups = new Map<
    string,
    { readonly key: readonly string[]; readonly group: object; count: number }
  >();
  for (const body of matching) {
    const properties = groupBy.map((by) => [by, propertyOf[by](body)] as const);
    const bucketMs = bucket === undefined ? undefined : bucketsMs[bucket];
    const createdMs = Date.parse(body.created_at);
    const begins =
      bucketMs === undefined
        ? undefined
        : new Date(Math.floor(createdMs / bucketMs) * bucketMs).toISOString();
    const key = [begins ?? "", ...properties.map(([, value]) => value)];
    const group = { ...Object.fromEntries(properties), ...(begins === undefined ? {} : { bucket: begins }) };
    const known = groups.get(JSON.stringify(key)) ?? { key, group, count: 0 };
    groups.set(JSON.stringify(key), { ...known, count: known.count + 1 });
  }
  return [...groups.values()]
    .sort((a, b) => a.key.map((part, at) => compareBytewise(part, b.key[at] ?? "")).find(Boolean) ?? 0)
    .map(({ group, count }) => ({ ...group, count }));
}

test("the counts are those of counting one by one, whatever the filter, the groups and the buckets", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.constantFrom(...groupings)),
      fc.option(fc.constantFrom(...(Object.keys(bucketsMs) as (keyof typeof bucketsMs)[])), {
        nil: undefined,
      }),
      fc.option(fc.constantFrom("in01", "in02", "none"), { nil: undefined }),
      fc.option(fc.constantFrom(0, minuteMs, 12 * 3_600_000), { nil: undefined }),
      fc.boolean(),
      async (groupBy, bucket, instanceId, sinceMs, repeatsKey) => {
        const parameters = new URLSearchParams();
        if (repeatsKey) for (const by of groupBy) parameters.append("group_by", by);
        else if (groupBy.length > 0) parameters.append("group_by", groupBy.join());
        if (bucket !== undefined) parameters.set("bucket", bucket);
        if (instanceId !== undefined) parameters.set("instance_id", instanceId);
        const fromMs = sinceMs === undefined ? 0 : nowMs - sinceMs;
        if (sinceMs !== undefined) parameters.set("created_from", new Date(fromMs).toISOString());
        const matching = bodies.filter(
          (body) =>
            (instanceId === undefined || body.instance.id === instanceId) &&
            Date.parse(body.created_at) >= fromMs,
        );
        const { status, json, text } = await server.call(`${statsPath}?${parameters}`);
        assert.equal(status, 200, text);
        assert.deepEqual(json, {
          groups: countOneByOne(matching, groupBy, bucket),
          total: matching.length,
        });
      },
    ),
    { numRuns: 100, seed: 5, endOnFailure: true },
  );
});

test("with neither groups nor buckets all tasks are one group, and no tasks are none", async () => {
  assert.deepEqual((await server.call(statsPath)).json, { groups: [{ count: 80 }], total: 80 });
  assert.deepEqual((await server.call(`${statsPath}?name=none`)).json, { groups: [], total: 0 });
});

test("a property that is named twice groups once", async () => {
  const once = (await server.call(`${statsPath}?group_by=state,service`)).json;
  assert.deepEqual(
    (await server.call(`${statsPath}?group_by=state,service,state&group_by=service`)).json,
    once,
  );
});

test("a filter on text counts too", async () => {
  const { json } = await server.call(`${statsPath}?q=BACK&group_by=name`);
  const count = bodies.filter(({ name }) => name === "Backup").length;
  assert.deepEqual(json, { groups: [{ name: "Backup", count }], total: count });
});

test("groups, buckets and keys that are not known are refused", async () => {
  for (const [field, query] of [
    ["group_by", "group_by=instanceId"],
    ["group_by", "group_by=instance_name"],
    ["group_by", "group_by=parent_id"],
    ["group_by", "group_by="],
    ["group_by", "group_by=state,"],
    ["group_by", "group_by=state&group_by=State"],
    ["group_by", `group_by=${Array.from({ length: 101 }, () => "name").join()}`],
    ["bucket", "bucket=2m"],
    ["bucket", "bucket=60m"],
    ["bucket", "bucket=2d"],
    ["bucket", "bucket="],
    ["bucket", "bucket=1h&bucket=1h"],
    ["limit", "limit=5"],
    ["offset", "offset=0"],
    ["cursor", "cursor=x"],
    ["sort", "sort=created_at"],
    ["history", "history=true"],
  ] as const) {
    assertProblem(await server.call(`${statsPath}?${query}`), 400, "invalid-parameter", [field]);
  }
});

test("the address has no other spelling, and no other method", async () => {
  assertProblem(await server.call(`${statsPath}/`), 404, "route-not-found");
  assertProblem(await server.call(`${tasksPath}:state`), 404, "route-not-found");
  const answer = await server.call(statsPath, { method: "POST" });
  assertProblem(answer, 405, "method-not-allowed");
  assert.equal(answer.headers.get("allow"), "GET, HEAD");
});
