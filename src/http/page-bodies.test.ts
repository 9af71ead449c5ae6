import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import test from "node:test";
import { boundedBytes } from "./bounded-bytes.ts";
import { PageBody, rememberBodies, sendJson } from "./page-bodies.ts";

const pageOf = (total: number) => ({ tasks: [], total, names: [] });

/** Bodies that tell the total and what is asked, and are the answer to a number that is as odd or even. */
function openBodies() {
  const written: string[] = [];
  const bodyOf = rememberBodies<number>(({ total }, asked) => {
    const text = `${total} ${asked}`;
    written.push(text);
    return { text, answers: (other) => other % 2 === asked % 2 };
  });
  return { written, bodyOf };
}

test("a body is kept from the second time on that its page is asked for", () => {
  const { written, bodyOf } = openBodies();
  const page = pageOf(5);
  assert.equal(bodyOf(page, 1).content, "5 1");
  const body = bodyOf(page, 1);
  assert.deepEqual(body.content, Buffer.from("5 1"));
  assert.equal(bodyOf(page, 3), body);
  assert.deepEqual(written, ["5 1", "5 1"]);
});

test("a body of 256 KiB is kept, and a larger one is written for everybody who asks", () => {
  for (const [text, timesWritten] of [
    ["ü".repeat(128 * 1024), 2],
    [`${"ü".repeat(128 * 1024)}x`, 3],
  ] as const) {
    let times = 0;
    const bodyOf = rememberBodies(() => {
      times += 1;
      return { text, answers: () => true };
    });
    const page = pageOf(5);
    for (const _ of [1, 2, 3]) assert.ok(bodyOf(page, 1).content.toString() === text);
    assert.equal(times, timesWritten);
  }
});

test("a question that a body does not answer gets one of its own, which takes its place", () => {
  const { written, bodyOf } = openBodies();
  const page = pageOf(5);
  assert.deepEqual(
    [1, 1, 2, 4, 3].map((asked) => bodyOf(page, asked).content.toString()),
    ["5 1", "5 1", "5 2", "5 2", "5 3"],
  );
  assert.deepEqual(written, ["5 1", "5 1", "5 2", "5 3"]);
});

test("another page has another body, however equal the two are", () => {
  const { written, bodyOf } = openBodies();
  const [page, equal] = [pageOf(5), pageOf(5)];
  for (const asked of [page, equal, page, equal, page, equal]) bodyOf(asked, 1);
  assert.deepEqual(written, ["5 1", "5 1", "5 1", "5 1"]);
});

test("equal bodies have equal tags, whether they were remembered or not, and others have others", () => {
  const tags = [new PageBody("ä"), new PageBody(Buffer.from("ä")), new PageBody("ä ")].map(({ tag }) => tag);
  assert.equal(tags[0], tags[1]);
  assert.notEqual(tags[0], tags[2]);
  for (const tag of tags) assert.match(tag, /^"[A-Za-z0-9_-]{27}"$/);
});

test("long answers that wait for their readers are bounded all together; short ones always go out", () => {
  const inAll = boundedBytes(3 * 1024 * 1024, { message: "full", retryAfterSeconds: 5 });
  const sent: number[] = [];
  const send = (length: number) => {
    const raw = new EventEmitter();
    const reply = {
      raw,
      type: () => ({ send: (content: string) => sent.push(content.length) }),
    } as unknown as Parameters<typeof sendJson>[0];
    sendJson(reply, new PageBody("x".repeat(length)), inAll);
    return () => raw.emit("close");
  };
  const long = 1024 * 1024;
  const close = [send(long), send(long), send(long)];
  assert.throws(() => send(long), { code: "too-many-requests", retryAfterSeconds: 5 });
  send(long - 1);
  close[0]?.();
  send(long);
  assert.throws(() => send(long), { code: "too-many-requests" });
  assert.deepEqual(sent, [long, long, long, long - 1, long]);
});
