import assert from "node:assert/strict";
import { Writable } from "node:stream";
import test, { type TestContext } from "node:test";
import { factoryCreatedAtMs, taskFactory } from "../../test/factories.ts";
import type { TaskDocument } from "../client/index.ts";
import { taskDocument } from "../http/task-documents.ts";
import type { Task } from "../task/task.ts";
import { barView } from "./watch.ts";

function running(facts: Partial<Task>): TaskDocument {
  return taskDocument(taskFactory.running(facts), factoryCreatedAtMs);
}

/** A bar on a terminal so wide, and what was written to it since it was asked last. */
function barOn(t: TestContext, columns: number) {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  const view = barView(Object.assign(stream, { isTTY: true, columns }));
  t.after(() => view.close());
  return { view, written: () => chunks.splice(0).join("") };
}

const subject = { name: "BackupInstance", instance: { id: "db1", name: "orders", status: "" } };

test("a bar shows what is done on what, how far it is, and its status", async (t) => {
  const { view, written } = barOn(t, 100);
  await view.show(running({ ...subject, progressPercent: 50.2 }));
  const bar = `[${"=".repeat(15)}${"-".repeat(15)}]`;
  assert.ok(written().includes(`BackupInstance orders ${bar} 50% Running`));
});

test("a bar moves, and goes away at the end", async (t) => {
  const { view, written } = barOn(t, 100);
  await view.show(running({ ...subject, progressPercent: null }));
  assert.ok(written().includes(`[${"-".repeat(30)}] Running`));
  await view.show(running({ ...subject, progressPercent: 100 }));
  view.close();
  const last = written();
  assert.ok(last.includes(`[${"=".repeat(30)}] 100% Running`));
  assert.ok(last.endsWith("\x1b[1G\x1b[2K"));
});

test("a bar neither hides the cursor nor changes how lines are wrapped", async (t) => {
  const { view, written } = barOn(t, 100);
  await view.show(running(subject));
  view.close();
  assert.ok(!written().includes("\x1b[?"));
});

test("in a narrow terminal the title gives way, and what it would obey is shown", async (t) => {
  const { view, written } = barOn(t, 60);
  await view.show(running({ ...subject, name: "Backup\x1b[2JInstance", progressPercent: 10 }));
  assert.ok(written().includes(`Backup\\u001b[… [===${"-".repeat(27)}] 10% Running\x1b`));
});

test("a bar is never wider than its terminal", async (t) => {
  const { view, written } = barOn(t, 20);
  await view.show(running({ ...subject, progressPercent: 10 }));
  assert.ok(written().includes(`… [===${"-".repeat(12)}…\x1b`));
});

test("a view that never showed anything closes without a trace", (t) => {
  const { view, written } = barOn(t, 40);
  view.close();
  assert.equal(written(), "");
});
