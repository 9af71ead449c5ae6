import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { type Answer, projectId, startServer, type TestServer } from "./start-server.ts";

/** Any batch is answered as its lines are, one after the other, as calls of their own: and leaves the same behind. */
const nowMs = Date.parse("2026-03-01T12:00:00Z");
const path = `/v1/${projectId}/tasks`;
let batches: TestServer;
let calls: TestServer;

before(async () => {
  [batches, calls] = await Promise.all([
    startServer({ clock: () => nowMs }),
    startServer({ clock: () => nowMs }),
  ]);
});
after(() => Promise.all([batches.close(), calls.close()]));

interface Line {
  readonly create?: object;
  readonly report?: { readonly id: string };
}

const ids = ["a", "b", "c"];
const id = fc.constantFrom(...ids);
const status = fc.constantFrom(
  "Running",
  "Completed",
  "Failed",
  "Expanding",
  "ToBeSwitched",
  "Canceling",
  "Nonsense",
);
const time = fc.constantFrom(
  "2026-03-01T11:00:00Z",
  "2026-03-01T11:30:00+00:15",
  "2026-03-01T13:00:00Z",
  "never",
);
const optional = { requiredKeys: [] };
const creation = fc
  .record(
    { id, status, progress: fc.constantFrom(0, 50.5, 101), created_at: time, ended_at: time },
    {
      requiredKeys: ["id"],
    },
  )
  .chain((body) =>
    fc.constantFrom(
      { service: "ddm", name: "migrateLogicDb", instance: { id: "in" }, ...body },
      { service: "rds", name: "BackupInstance", instance: { id: "in" }, ...body },
      { service: "rds", instance: {}, ...body },
    ),
  );
const report = fc.record(
  {
    status,
    progress: fc.constantFrom(null, 10, 10.5, 100),
    fail_reason: fc.constantFrom("", "disk full"),
    message: fc.constantFrom("", "seen"),
    ended_at: time,
    reported_at: time,
    labels: fc.constantFrom({ team: "dba" }, { team: null }, { "": "x" }),
    unknown: fc.constant(1),
  },
  optional,
);
const line: fc.Arbitrary<Line> = fc.oneof(
  { weight: 1, arbitrary: creation.map((body) => ({ create: body })) },
  {
    weight: 3,
    arbitrary: fc.tuple(id, report).map(([known, body]) => ({ report: { id: known, ...body } })),
  },
);

/** The line about tasks of its own run. */
function ofRun(run: number, given: Line): Line {
  return JSON.parse(JSON.stringify(given), (key, value) =>
    key === "id" && ids.includes(value) ? `${run}-${value}` : value,
  );
}

/** What a call answers, as a line of a batch would. */
function asLine({ status: code, json }: Answer, number: number): object {
  if (code < 400) return { line: number, status: code, id: json.id };
  const { request_id: _requestId, type, ...problem } = json;
  return { line: number, status: code, error: { ...problem, code: type.split("#")[1] } };
}

/** What a batch answers, but for its server's address. */
function withoutAddress({ error, ...answer }: { readonly error?: { readonly type: string } }): object {
  if (error === undefined) return answer;
  const { type, ...problem } = error;
  return { ...answer, error: { ...problem, code: type.split("#")[1] } };
}

async function callFor(given: Line): Promise<Answer> {
  if (given.report === undefined) return calls.call(path, { body: given.create });
  const { id: taskId, ...body } = given.report;
  return calls.call(`${path}/${taskId}`, { method: "PATCH", body });
}

async function standing(server: TestServer, run: number): Promise<readonly unknown[]> {
  return Promise.all(
    ids.map(async (known) => {
      const task = await server.call(`${path}/${run}-${known}`);
      const history = await server.call(`${path}/${run}-${known}/history`);
      return task.status === 200 ? { task: task.json, history: history.json } : task.status;
    }),
  );
}

test("a batch is answered, and leaves behind, what the same calls would one after the other", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (given) => {
      run += 1;
      const lines = given.map((one) => ofRun(run, one));
      const answer = await batches.call(`${path}:batch`, {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: lines.map((one) => JSON.stringify(one)).join("\n"),
      });
      const expected: object[] = [];
      for (const [index, one] of lines.entries()) expected.push(asLine(await callFor(one), index + 1));
      const answers = answer.text.split("\n").filter(Boolean);
      assert.deepEqual(
        answers.map((text) => withoutAddress(JSON.parse(text))),
        expected,
      );
      assert.deepEqual(await standing(batches, run), await standing(calls, run));
    }),
    { numRuns: 60 },
  );
});
