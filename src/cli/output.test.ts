import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "yaml";
import type { TaskDocument } from "../client/index.ts";
import { newAccessKeyLayout } from "./iam/layouts.ts";
import type { OutputForm } from "./option-values.ts";
import { renderList, renderOne } from "./output.ts";
import type { TableStyle } from "./table.ts";
import { taskLayout } from "./task-layout.ts";

function renderTasks(tasks: readonly TaskDocument[], form: OutputForm, style: TableStyle): string {
  return renderList(tasks, taskLayout, form, style);
}

function renderTask(one: TaskDocument, form: OutputForm, style: TableStyle): string {
  return renderOne(one, taskLayout, form, style);
}

const plain = { width: Number.POSITIVE_INFINITY, colour: false };

const task: TaskDocument = {
  id: "0198e7c2-9a00-7000-8000-000000000001",
  project_id: "0483b6b16e954cb88930a360d2c4e663",
  service: "rds",
  kind: "instant",
  name: "BackupInstance",
  status: "Running",
  state: "running",
  progress: 42.9,
  instance: { id: "db1", name: "orders", status: "BACKING UP" },
  database_name: "",
  order_id: "",
  fail_reason: "",
  operations: ["cancel"],
  created_at: "2026-01-31T08:30:00.123Z",
  started_at: "2026-01-31T08:30:00.123Z",
  updated_at: "2026-01-31T08:31:00.000Z",
  ended_at: null,
  planned_start_at: null,
  planned_end_at: null,
  priority: null,
  parent_id: null,
  attempt: 1,
  stale: false,
  lease_expires_at: null,
  details: {},
  labels: {},
  created_by: "admin",
  revision: 3,
};

const failed: TaskDocument = {
  ...task,
  id: "t2",
  service: "geminidb",
  name: "CreateInstance",
  status: "Failed",
  state: "failed",
  progress: null,
  instance: { id: "nosql-7", name: "", status: "" },
  fail_reason: "exit status 3:\nno space\x1b[2J left",
  ended_at: "2026-01-31T08:32:00.000Z",
  details: { region: "eu-de" },
  labels: { team: "a=b", stage: "live" },
};

function lines(text: string): readonly string[] {
  assert.ok(text.endsWith("\n"));
  return text.slice(0, -1).split("\n");
}

test("a list is a table with one line a task, whole where there is no terminal", () => {
  assert.deepEqual(lines(renderTasks([task, failed], "table", plain)), [
    "ID                                    SERVICE   NAME            INSTANCE  STATUS   PROGRESS  CREATED",
    "0198e7c2-9a00-7000-8000-000000000001  rds       BackupInstance  orders    Running  42%       2026-01-31T08:30:00Z",
    "t2                                    geminidb  CreateInstance  nosql-7   Failed             2026-01-31T08:30:00Z",
  ]);
});

test("an empty list still has its head", () => {
  assert.deepEqual(lines(renderTasks([], "table", plain)), [
    "ID  SERVICE  NAME  INSTANCE  STATUS  PROGRESS  CREATED",
  ]);
});

test("a list fits every terminal, and keeps ids whole as long as there is room for one", () => {
  const long = {
    ...task,
    name: "データベース".repeat(5),
    instance: { ...task.instance, name: "x".repeat(128) },
  };
  for (let width = 1; width <= 200; width += 1) {
    const table = lines(renderTasks([task, long], "table", { width, colour: false }));
    for (const line of table) {
      const taken = line.length + (line.match(/[ァ-ヶー]/g) ?? []).length;
      assert.ok(taken <= width, `${taken} columns in a terminal of ${width}: ${line}`);
    }
    if (width >= 36) assert.ok(table[1]?.startsWith(task.id));
  }
});

test("a terminal of 80 columns has room for the id, what is done, on what, and how far it is", () => {
  const [head] = lines(renderTasks([task], "table", { width: 80, colour: false }));
  assert.equal(head, "ID                                    NAME           INSTANCE  STATUS   PROGRESS");
});

test("long cells are cut with a sign of it", () => {
  const long = { ...task, id: "t1", name: `Restore${"e".repeat(57)}` };
  const [, line] = lines(renderTasks([long], "table", { width: 80, colour: false }));
  assert.match(line ?? "", / Restoree+… /);
  assert.equal(line?.length, 80);
});

test("a silent producer is seen in the status", () => {
  const [, line] = lines(renderTasks([{ ...task, stale: true }], "table", plain));
  assert.match(line ?? "", /Running \(stale\)/);
});

test("colours mark the state and nothing else, and do not change the widths", () => {
  const coloured = renderTasks([task, failed], "table", { ...plain, colour: true });
  assert.ok(coloured.includes("\x1b[31mFailed\x1b[39m"));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes are what is taken out
  assert.equal(coloured.replace(/\x1b\[\d+m/g, ""), renderTasks([task, failed], "table", plain));
});

test("nothing that a terminal would obey gets into a table", () => {
  const hostile = {
    ...failed,
    name: "\x1b]0;title\x07",
    instance: { id: "\x9b2J", name: "a\nb\u202e", status: "\r" },
    labels: { team: "\x1b[8m" },
    details: { note: "\x1b[8m\x9b" },
  };
  for (const text of [renderTasks([hostile], "table", plain), renderTask(hostile, "table", plain)]) {
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}]/u);
  }
});

test("one task is a sheet of what has a value, with its lines kept", () => {
  assert.deepEqual(lines(renderTask(failed, "table", plain)), [
    "ID           t2",
    "Service      geminidb",
    "Kind         instant",
    "Name         CreateInstance",
    "Status       Failed",
    "State        failed",
    "Fail reason  exit status 3:",
    "             no space\\u001b[2J left",
    "Instance     nosql-7",
    "Created      2026-01-31T08:30:00.123Z",
    "Created by   admin",
    "Started      2026-01-31T08:30:00.123Z",
    "Updated      2026-01-31T08:31:00.000Z",
    "Ended        2026-01-31T08:32:00.000Z",
    "Attempt      1",
    "Operations   cancel",
    "Labels       team=a=b",
    "             stage=live",
    "Details      {",
    '               "region": "eu-de"',
    "             }",
    "Project      0483b6b16e954cb88930a360d2c4e663",
    "Revision     3",
  ]);
});

test("a sheet wraps what is too long for the terminal, and loses nothing", () => {
  const reason = "disk full while copying ".repeat(10).trim();
  const sheet = lines(renderTask({ ...failed, fail_reason: reason }, "table", { width: 50, colour: false }));
  assert.ok(sheet.every((line) => line.length <= 50));
  const told = sheet.map((line) => line.slice(13)).join(" ");
  assert.ok(told.includes(reason));
});

test("JSON and YAML are what the API answered: an array for a list, one task for one", () => {
  assert.deepEqual(JSON.parse(renderTasks([task, failed], "json", plain)), [task, failed]);
  assert.deepEqual(JSON.parse(renderTask(failed, "json", plain)), failed);
  assert.deepEqual(parse(renderTasks([task, failed], "yaml", plain)), [task, failed]);
  assert.deepEqual(parse(renderTask(failed, "yaml", plain)), failed);
  assert.equal(renderTasks([], "json", plain), "[]\n");
});

test("YAML keeps text apart from numbers, dates and words, for readers of version 1.1 too", () => {
  const text = renderTask({ ...task, name: "yes", order_id: "0123" }, "yaml", plain);
  assert.match(text, /^name: "yes"$/m);
  assert.match(text, /^order_id: "0123"$/m);
  assert.match(text, /^created_at: "2026-01-31T08:30:00.123Z"$/m);
});

test("CSV has one column a field, with nested ones taken apart", () => {
  const [head, line] = lines(renderTasks([{ ...task, labels: { team: "x" } }], "csv", plain));
  const names = head?.split(",") ?? [];
  assert.deepEqual(names.slice(0, 11), [
    "id",
    "project_id",
    "service",
    "kind",
    "name",
    "status",
    "state",
    "progress",
    "instance_id",
    "instance_name",
    "instance_status",
  ]);
  assert.equal(
    line,
    `${task.id},${task.project_id},rds,instant,BackupInstance,Running,running,42.9,db1,orders,BACKING UP,,,,cancel,` +
      `${task.created_at},${task.started_at},${task.updated_at},,,,,,1,false,,{},"{""team"":""x""}",admin,3`,
  );
});

test("an empty CSV still has its head", () => {
  assert.match(renderTasks([], "csv", plain), /^id,project_id,.*,revision\n$/);
});

test("CSV cells that a spreadsheet would run are made text", () => {
  for (const first of ["=", "+", "-", "@", "\t", "\r"]) {
    const csv = renderTask({ ...task, name: `${first}cmd` }, "csv", plain);
    assert.ok(csv.includes(`'${first}cmd`), JSON.stringify(first));
  }
});

test("what is there to be copied is in one piece in every terminal", () => {
  const key = {
    access: "A".repeat(20),
    secret: "s".repeat(40),
    user_id: "u1",
    description: "",
    create_time: "",
    status: "",
  };
  const shown = renderOne(key, newAccessKeyLayout, "table", { width: 24, colour: false });
  assert.deepEqual(lines(shown), [`Access key  ${key.access}`, `Secret key  ${key.secret}`]);
});
