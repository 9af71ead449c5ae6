import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { anyTask } from "../../test/any-task.ts";
import { factoryCreatedAtMs, taskFactory } from "../../test/factories.ts";
import { freshUntilMs, isStale, silenceBeforeStaleMs } from "../task/task.ts";
import type { PageBody } from "./page-bodies.ts";
import { momentsOf, taskListBodies, taskListText } from "./task-list-text.ts";

const leased = taskFactory.running({ id: "leased", leaseSeconds: 60 });
const unleased = taskFactory.running({ id: "unleased" });
const leaseEndsMs = factoryCreatedAtMs + 60_000;
const dayEndsMs = factoryCreatedAtMs + silenceBeforeStaleMs;
const found = { tasks: [leased, unleased, taskFactory.completed()], total: 3, names: [] };
const listed = { tasks: found.tasks, total: 3, nextCursor: null };

test("the same tasks are stale from one end of a promise to the next", () => {
  assert.deepEqual(momentsOf(found, leaseEndsMs), {
    afterMs: Number.NEGATIVE_INFINITY,
    untilMs: leaseEndsMs,
  });
  assert.deepEqual(momentsOf(found, leaseEndsMs + 1), { afterMs: leaseEndsMs, untilMs: dayEndsMs });
  assert.deepEqual(momentsOf(found, dayEndsMs), { afterMs: leaseEndsMs, untilMs: dayEndsMs });
  assert.deepEqual(momentsOf(found, dayEndsMs + 1), {
    afterMs: dayEndsMs,
    untilMs: Number.POSITIVE_INFINITY,
  });
});

test("what has ended holds for ever", () => {
  const ended = { tasks: [taskFactory.completed({ leaseSeconds: 60 }), taskFactory.failed()] };
  assert.deepEqual(momentsOf(ended, dayEndsMs + 1), {
    afterMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
  });
});

test("a body is remembered until a task of it becomes stale, and no longer", () => {
  const bodyOf = taskListBodies();
  bodyOf(found, listed, factoryCreatedAtMs);
  const early = bodyOf(found, listed, factoryCreatedAtMs);
  assert.equal(bodyOf(found, listed, leaseEndsMs), early);
  const late = bodyOf(found, listed, leaseEndsMs + 1);
  const staleIn = (body: PageBody) =>
    JSON.parse(body.content.toString()).tasks.map(({ stale }: { readonly stale: boolean }) => stale);
  assert.deepEqual(staleIn(early), [false, false, false]);
  assert.deepEqual(staleIn(late), [true, false, false]);
  assert.equal(bodyOf(found, listed, dayEndsMs), late);
  assert.deepEqual(staleIn(bodyOf(found, listed, dayEndsMs + 1)), [true, true, false]);
});

test("a body that was written later does not answer for a clock that was set back", () => {
  const bodyOf = taskListBodies();
  for (const _ of ["seen", "kept"]) bodyOf(found, listed, leaseEndsMs + 1);
  assert.equal(bodyOf(found, listed, leaseEndsMs).content.toString(), taskListText(listed, leaseEndsMs));
});

test("a body answers only for as many tasks, and for the cursor, that it was written with", () => {
  const bodyOf = taskListBodies();
  const shorter = { ...listed, tasks: found.tasks.slice(0, 2) };
  for (const page of [
    listed,
    shorter,
    { ...shorter, nextCursor: "next" },
    { ...listed, nextCursor: "next" },
  ]) {
    for (const _ of ["first", "again"]) {
      assert.equal(bodyOf(found, page, leaseEndsMs).content.toString(), taskListText(page, leaseEndsMs));
    }
  }
});

test("any list at any moments is answered as it would be if nothing were remembered", () => {
  fc.assert(
    fc.property(fc.array(anyTask, { maxLength: 4 }), fc.infiniteStream(fc.nat()), (tasks, numbers) => {
      const page = { tasks, total: tasks.length, names: [] };
      const ends = tasks.map(freshUntilMs).filter((end) => end !== null);
      const moments = [...ends, factoryCreatedAtMs].flatMap((endMs) => [endMs - 1, endMs, endMs + 1]);
      const bodyOf = taskListBodies();
      for (const number of numbers.take(12)) {
        const nowMs = moments[number % moments.length] ?? factoryCreatedAtMs;
        const nextCursor = number % 5 === 0 ? "\ud800" : null;
        const asked = { tasks, total: tasks.length, nextCursor };
        const body = bodyOf(page, asked, nowMs).content.toString();
        assert.equal(body, taskListText(asked, nowMs));
        assert.deepEqual(
          JSON.parse(body).tasks.map(({ stale }: { readonly stale: boolean }) => stale),
          tasks.map((task) => isStale(task, nowMs)),
        );
      }
    }),
    { numRuns: 100, seed: 1 },
  );
});
