import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Credentials } from "../src/identity/identity.ts";
import { addUser, type TestUser } from "./identities.ts";
import { admin, domain, openIdentity } from "./open-identity.ts";
import { type Answer, callServer, logIn, projectId, startServer, type TestServer } from "./start-server.ts";

/** Logins are dear on purpose: they must neither stop others, nor pile up, nor tell who there is. */
let server: TestServer;
let ann: TestUser;

before(async () => {
  server = await startServer();
  ann = await addUser(server, "ann", { project: ["reader"] });
});
after(() => server.close());

function tryPassword(user: object, password: string): Promise<Answer> {
  return callServer(`${server.url}/v3/auth/tokens`, {
    body: { auth: { identity: { methods: ["password"], password: { user: { ...user, password } } } } },
  });
}

/** How long something takes, in milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}

/** How long something takes where nothing else holds it up: the shortest of some times. */
async function shortestMs(work: () => Promise<unknown>): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) shortest = Math.min(shortest, await timed(work));
  return shortest;
}

/** How long one password takes by itself, on this machine as it is now. */
const hashedMs = () => timed(() => tryPassword({ id: ann.id }, "a guess"));

test("of many wrong logins at once some are refused, some told to come back, and nobody else notices", async () => {
  const aloneMs = await hashedMs();
  const guesses = Array.from({ length: 60 }, (_, number) => tryPassword({ id: ann.id }, `guess ${number}`));
  const waitsMs: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const list = async () => assert.equal((await server.call(`/v1/${projectId}/tasks`)).status, 200);
    waitsMs.push(await timed(list));
  }
  // The server's admin has logged in before: their password is recognised.
  await logIn(server.url);
  // If a hash stopped the loop, every list would wait for one.
  waitsMs.sort((a, b) => a - b);
  assert.ok((waitsMs[10] ?? Number.NaN) < aloneMs / 2, `${waitsMs}, and ${aloneMs} for a hash`);

  const answers = await Promise.all(guesses);
  const refused = answers.filter(({ status }) => status === 401);
  const sentAway = answers.filter(({ status }) => status === 429);
  assert.equal(refused.length + sentAway.length, answers.length);
  assert.ok(refused.length >= 17 && sentAway.length > 0, `${refused.length} refused`);
  for (const { headers, json } of sentAway) {
    assert.equal(headers.get("retry-after"), "3");
    assert.deepEqual(json.error, {
      code: 429,
      message: "Too many passwords are being checked; try again soon.",
      title: "Too Many Requests",
    });
  }
  await ann.logIn();
});

test("an unknown user, a wrong password and a disabled user are refused alike, in the same time", async () => {
  const bob = await addUser(server, "bob", {});
  await server.call(`/v3/users/${bob.id}`, { method: "PATCH", body: { user: { enabled: false } } });
  const attempts = {
    unknown: () => tryPassword({ name: "nobody", domain: { id: "default" } }, "some password"),
    wrong: () => tryPassword({ id: ann.id }, "some password"),
    disabled: () => tryPassword({ id: bob.id }, bob.password),
    "disabled and wrong": () => tryPassword({ id: bob.id }, "some password"),
  };
  const bodies = new Set<string>();
  const shortestMs = new Map<string, number>();
  for (let round = 0; round < 3; round += 1) {
    for (const [name, attempt] of Object.entries(attempts)) {
      const tookMs = await timed(async () => {
        const { status, text } = await attempt();
        assert.equal(status, 401, name);
        bodies.add(text);
      });
      shortestMs.set(name, Math.min(shortestMs.get(name) ?? Number.POSITIVE_INFINITY, tookMs));
    }
  }
  assert.equal(bodies.size, 1);
  // Without a hash a refusal would be a hundred times faster.
  const times = [...shortestMs.values()];
  assert.ok(Math.max(...times) < 3 * Math.min(...times), JSON.stringify([...shortestMs]));
});

test("of many guesses at somebody who is recognised, the right one at the end waits like all", async () => {
  const aloneMs = await shortestMs(hashedMs);
  await ann.logIn();
  assert.ok((await shortestMs(() => ann.logIn())) < aloneMs / 2, "she is recognised");
  const guesses = Array.from({ length: 60 }, (_, number) => tryPassword({ id: ann.id }, `guess ${number}`));
  const isFull = new Promise<void>((resolve) => {
    for (const guess of guesses) guess.then(({ status }) => status === 429 && resolve());
  });
  await isFull;
  let status = 0;
  const tookMs = await timed(async () => {
    ({ status } = await tryPassword({ id: ann.id }, ann.password));
  });
  // A place may have become free at that very moment; then it was the last in the queue.
  assert.ok(status === 429 || (status === 201 && tookMs > aloneMs), `${status} after ${tookMs} ms`);
  await Promise.all(guesses);
});

test("the first wrong guess ends the recognition: the right password finds no place among guesses", async (context) => {
  const { identity, store } = await openIdentity(context);
  const passwordHash = "$scrypt$ln=4,r=1,p=1$MDEy$c29tZWJvZHkgZWxzZSdzIGhhc2ggb2YgMzIgYnl0ZXM";
  const facts = { domain, description: "", email: "", enabled: true, passwordHash };
  await store.createUser({ id: "bea", name: "bea", ...facts });
  const scope = { kind: "project", project: { id: projectId } } as const;
  const guessAt = (name: string) =>
    Array.from({ length: 40 }, (_, number) => ({
      method: "password" as const,
      user: { name, domain: admin.user.domain },
      password: `guess ${number}`,
    }));
  /** What becomes of the right password when it comes right after others. */
  const outcomeAfter = async (guesses: readonly Credentials[]) => {
    await identity.issueToken(admin, scope);
    const attempts = [...guesses, admin].map((credentials) => identity.issueToken(credentials, scope));
    const last = (await Promise.allSettled(attempts)).at(-1);
    return last?.status === "rejected" ? last.reason.code : last?.status;
  };
  assert.equal(await outcomeAfter(guessAt("bea")), "fulfilled");
  assert.equal(await outcomeAfter(guessAt("admin")), "too-many-requests");
});
