import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sessionHeaders, signIn } from "./console-session.ts";
import { type Answer, callServer, projectId, startServer, type TestServer } from "./start-server.ts";

/** Whoever looks again and again, as the console does, is sent nothing while nothing has changed. */
let clockMs = Date.UTC(2026, 0, 31, 8, 30);
let server: TestServer;
const tasks = `/v1/${projectId}/tasks`;
const polled = [
  tasks,
  `${tasks}?q=backup&limit=1`,
  `${tasks}:stats?group_by=state`,
  `${tasks}/first/history`,
];

before(async () => {
  server = await startServer({ clock: () => clockMs });
  for (const id of ["first", "second"]) {
    const body = { id, service: "rds", name: "BackupInstance", instance: { id: "in-1" }, lease_seconds: 60 };
    assert.equal((await server.call(tasks, { body })).status, 201);
  }
});
after(() => server.close());

const ask = (path: string, tag?: string, method = "GET"): Promise<Answer> =>
  server.call(path, { method, headers: tag === undefined ? {} : { "if-none-match": tag } });
const tagOf = ({ headers }: Answer): string => headers.get("etag") ?? assert.fail("no tag");

test("list, counts and history have a tag, and are not sent again to whoever has it", async () => {
  for (const path of polled) {
    const tag = tagOf(await ask(path));
    assert.match(tag, /^"[A-Za-z0-9_-]{27}"$/);
    // The second and the third answer may be remembered; the tag stays.
    for (const given of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const again = await ask(path, given);
      assert.deepEqual([again.status, again.text, tagOf(again)], [304, "", tag], path);
      assert.equal(again.headers.get("content-type"), null);
    }
    const other = await ask(path, '"other"');
    assert.equal(other.status, 200);
    assert.equal(tagOf(other), tag);
    const head = await ask(path, tag, "HEAD");
    assert.deepEqual([head.status, tagOf(head)], [304, tag]);
    assert.equal((await ask(path, undefined, "HEAD")).status, 200);
  }
});

test("with every change there is another tag, also where a task becomes stale of itself", async () => {
  const path = `${tasks}?limit=500`;
  const tags = [tagOf(await ask(path))];
  const changed = async (why: string): Promise<void> => {
    const answer = await ask(path, tags.at(-1));
    assert.equal(answer.status, 200, why);
    assert.ok(!tags.includes(tagOf(answer)), why);
    tags.push(tagOf(answer));
    assert.equal((await ask(path, tags.at(-1))).status, 304, why);
  };
  const report = (body: object) => server.call(`${tasks}/first`, { method: "PATCH", body });
  await report({ progress: 5 });
  await changed("progress");
  clockMs += 1000;
  await report({});
  await changed("a heartbeat, which moves the end of the lease");
  clockMs += 61_000;
  await changed("a lease that has passed");
  await report({ status: "Completed" });
  await changed("the end");
  await server.call(`${tasks}/second`, { method: "DELETE" });
  await changed("one task less");
});

test("a page, an order and a filter of the same tasks have tags of their own", async () => {
  for (const id of ["a", "b", "c"]) {
    const body = { id, service: "ddm", name: "X", instance: { id: "in-2" } };
    assert.equal((await server.call(tasks, { body })).status, 201);
  }
  const queries = [
    "",
    "?limit=2",
    "?limit=2&offset=1",
    "?sort=created_at",
    "?service=ddm",
    "?service=ddm&limit=2",
  ];
  const tags = await Promise.all(queries.map(async (query) => tagOf(await ask(tasks + query))));
  assert.equal(new Set(tags).size, queries.length);
});

test("a tag opens nothing: who may not read is refused before it is looked at", async () => {
  for (const path of polled) {
    const headers = { "if-none-match": "*" };
    assert.equal((await callServer(server.url + path, { headers })).status, 401);
    const elsewhere = path.replace(projectId, "f".repeat(32));
    assert.equal((await server.call(elsewhere, { headers })).status, 403);
  }
  assert.equal((await ask(`${tasks}/none/history`, "*")).status, 404);
});

test("all tasks at once have no tag, and come whatever the caller has", async () => {
  for (const accept of ["text/csv", "application/x-ndjson"]) {
    const answer = await server.call(tasks, { headers: { accept, "if-none-match": "*" } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("etag"), null);
    assert.notEqual(answer.text, "");
  }
});

test("the services' own calls have no tags: their clients know none", async () => {
  const answer = await server.call(`/rds/v3/${projectId}/tasklist`, { headers: { "if-none-match": "*" } });
  assert.deepEqual([answer.status, answer.headers.get("etag")], [200, null]);
});

test("the console's page polls with the same tags", async () => {
  const { token } = await signIn(`${server.url}/console/`);
  for (const path of polled) {
    const tag = tagOf(await ask(path));
    const headers = { ...sessionHeaders(token), "if-none-match": tag };
    const answer = await callServer(`${server.url}/console/api${path}`, { headers });
    assert.deepEqual([answer.status, answer.headers.get("cache-control")], [304, "no-store"], path);
  }
});

test("the document of the API tells the tags and 304", async () => {
  const { paths } = (await server.call("/openapi.json")).json;
  for (const path of ["tasks", "tasks:stats", "tasks/{id}/history"]) {
    const { parameters, responses } = paths[`/v1/{project_id}/${path}`].get;
    assert.ok(
      parameters.some(({ name }: { name: string }) => name === "if-none-match"),
      path,
    );
    assert.ok("304" in responses && "etag" in responses["200"].headers, path);
  }
});
