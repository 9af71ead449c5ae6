import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { seededRandom } from "../bench/scale/random.ts";
import {
  anyTask,
  type GroupServer,
  type Place,
  type ServerGroup,
  startServerGroup,
  until,
} from "./server-group.ts";
import { assertSoundUnderFaults } from "./sound-under-faults.ts";
import { callServer, logIn, projectId } from "./start-server.ts";

/** Four servers on one database, with nobody between them and their clients. */

const seed = 20_260_301;

test("four servers on one database are one to their clients", async (t) => {
  const group = await startServerGroup(t);
  const [first] = group.servers;
  const token = await logIn(first.url());
  const made = await callServer(`${first.url()}/v3/projects`, {
    token,
    body: { project: { name: "other" } },
  });
  const otherId: string = made.json.project.id;
  await giveAdmin(first, { projectId: otherId, token });
  const otherToken = await logIn(first.url(), { project: { id: otherId } });

  await t.test("what one has acknowledged every other one tells at once", () =>
    assertExact(group, { projectId: otherId, token: otherToken }),
  );
  await t.test("a task whose producer falls silent fails once and in time, also where its leader dies", () =>
    assertLeases(group, { projectId: otherId, token: otherToken }),
  );
  await t.test("no fault of one loses or doubles anything, or stops the others", () =>
    assertSoundUnderFaults(group, [
      { projectId, token },
      { projectId: otherId, token: otherToken },
    ]),
  );
});

async function giveAdmin(server: GroupServer, { projectId: id, token }: Place): Promise<void> {
  const { json: whoAmI } = await callServer(`${server.url()}/v3/auth/tokens`, {
    token,
    headers: { "x-subject-token": token },
  });
  const { json: known } = await callServer(`${server.url()}/v3/roles?name=admin`, { token });
  const path = `/v3/projects/${id}/users/${whoAmI.token.user.id}/roles/${known.roles[0].id}`;
  assert.equal((await callServer(server.url() + path, { token, method: "PUT" })).status, 204);
}

/** Writes on one server and reads on another one, in a project where nobody else does anything. */
async function assertExact({ servers }: ServerGroup, { projectId: id, token }: Place): Promise<void> {
  const random = seededRandom(seed);
  for (let made = 1; made <= 200; made += 1) {
    const writer = servers[Math.floor(random() * 4)] as GroupServer;
    const reader = servers[(servers.indexOf(writer) + 1 + Math.floor(random() * 3)) % 4] as GroupServer;
    const word = `exact-${String(made).padStart(3, "0")}`;
    const create = await callServer(`${writer.url()}/v1/${id}/tasks`, {
      token,
      body: { ...anyTask, id: word },
    });
    assert.equal(create.status, 201, create.text);
    const ends = made % 2 === 0;
    if (ends) {
      const url = `${writer.url()}/v1/${id}/tasks/${word}`;
      const report = await callServer(url, { token, method: "PATCH", body: { status: "Completed" } });
      assert.equal(report.status, 200, report.text);
    }
    const ask = async (path: string) =>
      (await callServer(`${reader.url()}/v1/${id}/tasks${path}`, { token })).json;
    const [page, ofStatus, single, stats, history] = await Promise.all([
      ask("?limit=5"),
      ask("?limit=1&status=Completed"),
      ask(`/${word}`),
      ask(":stats?group_by=status"),
      ask(`/${word}/history`),
    ]);
    const completed = Math.floor(made / 2);
    const status = ends ? "Completed" : "Running";
    // Each server tells the database's clock from its own: of two tasks in a moment either may be the newer one.
    const shown = page.tasks.find((task: { readonly id: string }) => task.id === word);
    assert.deepEqual([page.total, shown?.status], [made, status]);
    assert.equal(ofStatus.total, completed);
    assert.deepEqual(
      [single.status, single.revision, history.history.length],
      [status, ends ? 2 : 1, ends ? 2 : 1],
    );
    assert.deepEqual(
      stats.groups,
      [
        { status: "Completed", count: completed },
        { status: "Running", count: made - completed },
      ].filter(({ count }) => count > 0),
    );
  }
}

/** The server that leads the work on leases: its connection waits in a transaction for as long as it does. */
async function findLeader({ servers, administer }: ServerGroup): Promise<GroupServer | undefined> {
  const rows = await administer(
    `SELECT client_port FROM pg_stat_activity
     WHERE state = 'idle in transaction' AND xact_start < now() - interval '0.5 seconds'`,
  );
  const ports = rows.map((row) => Number(row.client_port));
  return servers.find(({ link }) => link.ports().some((port) => ports.includes(port)));
}

async function assertLeases(group: ServerGroup, { projectId: id, token }: Place): Promise<void> {
  const { servers } = group;
  const leaseMs = 5000;
  const silent = { ...anyTask, name: "Silent", lease_seconds: leaseMs / 1000, on_stale: "fail" };
  const createOn = (server: GroupServer, word: string) =>
    callServer(`${server.url()}/v1/${id}/tasks`, { token, body: { ...silent, id: word } });
  const words = servers.flatMap(({ name }) => [1, 2, 3].map((number) => `silent-${name}-${number}`));
  const created = await Promise.all(
    words.map((word, index) => createOn(servers[index % 4] as GroupServer, word)),
  );
  assert.deepEqual(new Set(created.map(({ status }) => status)), new Set([201]));
  const leader = await until(() => findLeader(group), 5000);
  await leader.process().stop("SIGKILL");
  const others = servers.filter((server) => server !== leader);
  const heard = await createOn(others[0] as GroupServer, "heard");
  assert.equal(heard.status, 201);
  const ask = async (server: GroupServer, path: string) =>
    (await callServer(`${server.url()}/v1/${id}/tasks${path}`, { token })).json;
  // Whichever server hears a producer, all have heard it.
  const beat = async (index: number): Promise<void> => {
    const url = `${others[index % 3]?.url()}/v1/${id}/tasks/heard`;
    assert.equal((await callServer(url, { token, method: "PATCH" })).json?.status, "Running");
  };
  let beats = 0;
  const failed = await until(async () => {
    await beat(beats);
    beats += 1;
    const page = await ask(others[beats % 3] as GroupServer, "?name=Silent&status=Failed&limit=100");
    return page.total === words.length ? page.tasks : undefined;
  }, 3 * leaseMs);
  for (const { id: word, revision, fail_reason, created_at, ended_at } of failed) {
    assert.deepEqual([word, revision, fail_reason], [word, 2, "No report for 5 seconds."]);
    const lateMs = Date.parse(ended_at) - Date.parse(created_at) - leaseMs;
    assert.ok(lateMs > 0 && lateMs < leaseMs, `${word} failed ${lateMs} ms after its lease`);
  }
  // Beyond its first lease, and the next rounds of whoever leads now.
  for (let more = 0; more < 10; more += 1) {
    await beat(more);
    await wait(200);
  }
  await callServer(`${others[0]?.url()}/v1/${id}/tasks/heard`, { token, method: "DELETE" });
  await leader.restart();
  for (const [index, word] of words.entries()) {
    const { history } = await ask(servers[index % 4] as GroupServer, `/${word}/history`);
    const by = history.map((line: { readonly by: string }) => line.by);
    assert.deepEqual([word, ...by], [word, "admin", "taskcenter"]);
  }
}
