import assert from "node:assert/strict";
import test from "node:test";
import { createGrouping } from "./grouping.ts";

/** A request of somebody for something. */
interface Request {
  readonly number: number;
  readonly claims: readonly string[];
}

/** A grouping whose batches take a turn of the event loop, and what it did. */
function watchedGrouping() {
  const batches: { readonly projectId: string; readonly numbers: readonly number[] }[] = [];
  const underWay: Request[] = [];
  let mostAtOnce = 0;
  let batchesUnderWay = 0;
  const grouping = createGrouping<Request>({
    claimsOf: ({ claims }) => claims,
    async answer(projectId, batch) {
      batchesUnderWay += 1;
      mostAtOnce = Math.max(mostAtOnce, batchesUnderWay);
      underWay.push(...batch);
      const claims = underWay.flatMap((request) => request.claims);
      assert.equal(new Set(claims).size, claims.length, "no claim is under way twice");
      batches.push({ projectId, numbers: batch.map(({ number }) => number) });
      await new Promise((resolve) => setImmediate(resolve));
      for (const request of batch) underWay.splice(underWay.indexOf(request), 1);
      batchesUnderWay -= 1;
    },
  });
  /** Waits until so many requests have been answered. */
  async function answered(count: number): Promise<void> {
    const seen = () => batches.reduce((sum, { numbers }) => sum + numbers.length, 0) - underWay.length;
    while (seen() < count) await new Promise((resolve) => setImmediate(resolve));
  }
  return { grouping, batches, answered, mostAtOnce: () => mostAtOnce };
}

test("what is asked for at once goes together, at most 256 requests, in two batches at a time", async () => {
  const { grouping, batches, answered, mostAtOnce } = watchedGrouping();
  for (let number = 0; number < 1000; number += 1) grouping.add("project", { number, claims: [`${number}`] });
  await answered(1000);
  assert.deepEqual(
    batches.map(({ numbers }) => numbers.length),
    [256, 256, 256, 232],
  );
  assert.deepEqual(
    batches.flatMap(({ numbers }) => numbers),
    Array.from({ length: 1000 }, (_, number) => number),
  );
  assert.equal(mostAtOnce(), 2);
});

test("those with a claim in common have their turns in order, and hold up nobody else", async () => {
  const { grouping, batches, answered } = watchedGrouping();
  const claims = [["a"], ["a", "b"], ["b"], ["c"], ["a"]];
  for (const [number, own] of claims.entries()) grouping.add("project", { number, claims: own });
  await answered(5);
  assert.deepEqual(
    batches.map(({ numbers }) => numbers),
    [[0, 3], [1], [2, 4]],
  );
});

test("projects do not wait for one another", async () => {
  const { grouping, batches, answered } = watchedGrouping();
  for (let number = 0; number < 4; number += 1) {
    for (const projectId of ["one", "other"])
      grouping.add(projectId, { number, claims: [`${projectId} same`] });
  }
  await answered(8);
  assert.deepEqual(
    batches.slice(0, 2).map(({ projectId }) => projectId),
    ["one", "other"],
  );
  assert.equal(batches.length, 8);
});
