import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { cursorText } from "../src/http/task-cursor.ts";
import { compareNewestFirst, type Place } from "../src/task/query.ts";
import { assertProblem } from "./problems.ts";
import { projectId, startServer, type TestServer } from "./start-server.ts";

/** Paging by cursor through a list that others change meanwhile, against a sorted array. */

const nowMs = Date.UTC(2026, 2, 1, 12);
const tasksPath = `/v1/${projectId}/tasks`;
let server: TestServer;

before(async () => {
  server = await startServer({ clock: () => nowMs });
});
after(() => server.close());

/** Few ids and times, so that ties are common, and a task may come back where another one was. */
const place = fc.record({
  id: fc.string({ unit: fc.constantFrom("a", "B", "0", "-", "_"), minLength: 1, maxLength: 2 }),
  createdAtMs: fc.constantFrom(0, 1, 2, 1000).map((agoMs) => nowMs - agoMs),
});
/** What others do between two pages: create tasks, and delete some of those that there are, the page's last one too. */
const meanwhile = fc.record({
  created: fc.array(place, { maxLength: 4 }),
  deleted: fc.array(fc.nat(), { maxLength: 3 }),
  deletesLast: fc.boolean(),
});

async function create(known: Map<string, Place>, { id, createdAtMs }: Place): Promise<void> {
  if (known.has(id)) return;
  const body = {
    id,
    service: "rds",
    name: "BackupInstance",
    instance: { id: "in01" },
    created_at: new Date(createdAtMs).toISOString(),
  };
  const answer = await server.call(tasksPath, { body });
  assert.equal(answer.status, 201, answer.text);
  known.set(id, { id, createdAtMs });
}

async function remove(known: Map<string, Place>, id: string): Promise<void> {
  assert.equal((await server.call(`${tasksPath}/${id}`, { method: "DELETE" })).status, 204);
  known.delete(id);
}

const idsOf = (tasks: readonly { readonly id: string }[]) => tasks.map(({ id }) => id);

test("pages by cursor neither skip nor repeat a task, whatever is created and deleted between them", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(place, { maxLength: 20 }),
      fc.array(meanwhile, { maxLength: 6 }),
      fc.constantFrom("-created_at", "created_at"),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(3),
      async (created, changes, sort, limit, offset) => {
        const known = new Map<string, Place>();
        for (const task of created) await create(known, task);
        const compare =
          sort === "created_at" ? (a: Place, b: Place) => -compareNewestFirst(a, b) : compareNewestFirst;
        const following = (last: Place | undefined) =>
          [...known.values()].sort(compare).filter((task) => last === undefined || compare(last, task) < 0);

        const throughout = new Set(
          following(undefined)
            .slice(offset)
            .map(({ id }) => id),
        );
        const seen: string[] = [];
        let last: Place | undefined;
        let cursor: string | null = null;
        for (let number = 0; number === 0 || cursor !== null; number += 1) {
          const from: string = cursor === null ? `offset=${offset}` : `cursor=${cursor}`;
          const { json } = await server.call(`${tasksPath}?sort=${sort}&limit=${limit}&${from}`);
          const rest = following(last).slice(last === undefined ? offset : 0);
          const page = rest.slice(0, limit);
          assert.deepEqual(idsOf(json.tasks), idsOf(page));
          assert.equal(json.total, known.size);
          last = page.at(-1);
          cursor = json.next_cursor;
          assert.equal(cursor !== null, rest.length > limit, "there is a cursor exactly where tasks follow");
          seen.push(...idsOf(page));

          const change = changes[number];
          if (change === undefined) continue;
          const gone = change.deleted.map((at) => [...known.keys()][at % Math.max(1, known.size)]);
          for (const id of new Set([...gone, ...(change.deletesLast ? [last?.id] : [])])) {
            if (id === undefined || !known.has(id)) continue;
            await remove(known, id);
            throughout.delete(id);
          }
          for (const task of change.created) await create(known, task);
        }
        assert.deepEqual(
          [...throughout].filter((id) => !seen.includes(id)),
          [],
          "every task that was there throughout was seen",
        );
        for (const id of throughout) assert.equal(seen.filter((other) => other === id).length, 1);
        for (const id of [...known.keys()]) await remove(known, id);
      },
    ),
    { numRuns: 40, endOnFailure: true },
  );
});

describe("a page by cursor", () => {
  before(async () => {
    const known = new Map<string, Place>();
    for (let index = 0; index < 5; index += 1) {
      await create(known, { id: `linked-${index}`, createdAtMs: nowMs - index * 1000 });
    }
  });
  after(async () => {
    for (let index = 0; index < 5; index += 1)
      await server.call(`${tasksPath}/linked-${index}`, { method: "DELETE" });
  });

  const pageOf = (query: string) => server.call(`${tasksPath}?instance_id=in01${query}`);

  test("links the first page and the next one, and keeps the whole filter", async () => {
    const { json: first } = await pageOf("&limit=2");
    const second = await pageOf(`&limit=2&cursor=${first.next_cursor}`);
    assert.deepEqual(idsOf(second.json.tasks), ["linked-2", "linked-3"]);
    assert.equal(
      second.headers.get("link"),
      [
        `<${tasksPath}?instance_id=in01&limit=2>; rel="first"`,
        `<${tasksPath}?instance_id=in01&limit=2&cursor=${second.json.next_cursor}>; rel="next"`,
      ].join(", "),
    );
    const third = await pageOf(`&limit=2&cursor=${second.json.next_cursor}`);
    assert.deepEqual(idsOf(third.json.tasks), ["linked-4"]);
    assert.equal(third.json.next_cursor, null);
    assert.equal(third.headers.get("link"), `<${tasksPath}?instance_id=in01&limit=2>; rel="first"`);
  });

  test("exactly as long as what is left is the last one", async () => {
    const { json: whole } = await pageOf("&limit=5");
    assert.equal(whole.next_cursor, null);
    const { json: first } = await pageOf("&limit=3");
    const { json: rest } = await pageOf(`&limit=2&cursor=${first.next_cursor}`);
    assert.deepEqual([rest.tasks.length, rest.next_cursor], [2, null]);
    const { json: none } = await pageOf("&limit=2&offset=5");
    assert.deepEqual([none.tasks.length, none.total, none.next_cursor], [0, 5, null]);
  });

  test("may have as many tasks as any other", async () => {
    const { json: first } = await pageOf("&limit=1");
    assert.equal((await pageOf(`&limit=500&cursor=${first.next_cursor}`)).json.tasks.length, 4);
    assertProblem(await pageOf(`&limit=501&cursor=${first.next_cursor}`), 400, "invalid-parameter", [
      "limit",
    ]);
  });

  test("goes on behind a place where no task is, and after the last one has nothing", async () => {
    const between = cursorText({ createdAtMs: nowMs - 1500, id: "never-there" }, "newest-first");
    assert.deepEqual(idsOf((await pageOf(`&cursor=${between}`)).json.tasks), [
      "linked-2",
      "linked-3",
      "linked-4",
    ]);
    const end = cursorText({ createdAtMs: 0, id: "a" }, "newest-first");
    assert.deepEqual((await pageOf(`&cursor=${end}`)).json, { tasks: [], total: 5, next_cursor: null });
  });

  test("is refused with an offset, with the other sort, and with what is no cursor", async () => {
    const { next_cursor: cursor } = (await pageOf("&limit=2")).json;
    const { next_cursor: oldest } = (await pageOf("&limit=2&sort=created_at")).json;
    for (const query of [
      `&cursor=${cursor}&offset=0`,
      `&cursor=${cursor}&sort=created_at`,
      `&cursor=${oldest}`,
      `&cursor=${oldest}&sort=-created_at`,
      `&cursor=${cursor}&cursor=${cursor}`,
      "&cursor=",
      "&cursor=5",
      `&cursor=${cursor}A`,
      `&cursor=${"A".repeat(257)}`,
    ]) {
      assertProblem(await pageOf(query), 400, "invalid-parameter", ["cursor"]);
    }
  });
});
