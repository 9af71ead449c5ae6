import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { recordAll } from "../src/store/conformance/subject.ts";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import { factoryCreatedAtMs, taskFactory } from "./factories.ts";
import { assertProblem } from "./problems.ts";
import { type Answer, logIn, projectId, startServer, type TestServer } from "./start-server.ts";

/** Questions that look at every task there is, and everybody else's short ones meanwhile. */

const nowMs = factoryCreatedAtMs;
const clock = () => nowMs;
/** How many tasks the test's own project has; two others have a quarter of it each. */
const many = 40_000;
const labels = Object.fromEntries(
  Array.from({ length: 24 }, (_, index) => [`key-${index}`, `value-${index}`]),
);
const names = ["Backup", "Restart", "Upgrade", "Migrate"] as const;

let server: TestServer;
/** Projects with their tokens and their number of tasks; the first one is the test's own. */
let projects: readonly Project[];

interface Project {
  readonly id: string;
  readonly token: string;
  readonly count: number;
}

before(async () => {
  const first = await startServer({ clock });
  const ids = [await addProject(first, "second"), await addProject(first, "third")];
  await first.stop();
  await fill(first.directory, projectId, many);
  for (const id of ids) await fill(first.directory, id, many / 4);
  server = await startServer({ clock, directory: first.directory });
  const others = ids.map(async (id) => ({ id, token: await tokenFor(id), count: many / 4 }));
  projects = [{ id: projectId, token: server.token, count: many }, ...(await Promise.all(others))];
});
after(() => server.close());

/** Makes a project in which the first user is admin; answers its id. */
async function addProject({ call }: TestServer, name: string): Promise<string> {
  const { json: made } = await call("/v3/projects", { body: { project: { name } } });
  const { json: users } = await call("/v3/users?name=admin");
  const { json: known } = await call("/v3/roles");
  const role = known.roles.find((candidate: { name: string }) => candidate.name === "admin");
  const path = `/v3/projects/${made.project.id}/users/${users.users[0].id}/roles/${role.id}`;
  const granted = await call(path, { method: "PUT" });
  assert.equal(granted.status, 204, granted.text);
  return made.project.id;
}

const tokenFor = (id: string) => logIn(server.url, { project: { id } });

/** All of one instance and with the same labels, four a second. */
async function fill(directory: string, ofProject: string, count: number): Promise<void> {
  const store = await openSqliteStore({ path: join(directory, "taskcenter.db"), clock });
  for (let from = 0; from < count; from += 5000) {
    const numbers = Array.from({ length: Math.min(5000, count - from) }, (_, index) => from + index);
    await recordAll(
      store.tasks,
      numbers.map((number) =>
        taskFactory.running({
          projectId: ofProject,
          id: `task-${number}`,
          name: names[number % names.length] ?? "",
          createdAtMs: nowMs - number * 250,
          labels,
        }),
      ),
    );
  }
  await store.close();
}

/** A question that no short look answers, and how a right answer is told. */
interface LongQuestion {
  readonly path: (project: Project) => string;
  readonly accept?: string;
  readonly isRight: (answer: Answer, project: Project) => boolean;
}

const everyLabel = Object.entries(labels)
  .map(([key, value]) => `label.${key}=${value}`)
  .join("&");

const questions = {
  /** The one that takes longest: of every task, it looks at every label. */
  byEveryLabel: {
    path: ({ id }) => `/v1/${id}/tasks?limit=1&${everyLabel}`,
    isRight: ({ json }, { count }) => json.total === count,
  },
  byText: {
    path: ({ id }) => `/v1/${id}/tasks?q=nowhere`,
    isRight: ({ json }) => json.total === 0,
  },
  statsOfEveryLabel: {
    path: ({ id }) => `/v1/${id}/tasks:stats?group_by=name&bucket=1m&${everyLabel}`,
    isRight: ({ json }, { count }) => json.total === count && json.groups.length >= count / 240,
  },
  stats: {
    path: ({ id }) => `/v1/${id}/tasks:stats?group_by=name&bucket=1m`,
    isRight: ({ json }, { count }) => json.total === count && json.groups.length >= count / 240,
  },
  namesOfAnInstance: {
    path: ({ id }) => `/rds/v3/${id}/tasklist?instance_id=instance-1`,
    isRight: ({ json }, { count }) => json.total_count === count && json.actions.length === names.length,
  },
  csvOfEverything: {
    path: ({ id }) => `/v1/${id}/tasks`,
    accept: "text/csv",
    isRight: ({ text }, { count }) => text.split("\r\n").length === 1 + count + 1,
  },
} as const satisfies Record<string, LongQuestion>;

/** Asks; answers how long that took. Whoever asks for too much may be told so. */
async function askLong(question: LongQuestion, project: Project): Promise<number> {
  const { path, accept = "application/json", isRight } = question;
  const startedMs = performance.now();
  const answer = await server.call(path(project), { token: project.token, headers: { accept } });
  const tookMs = performance.now() - startedMs;
  if (answer.status === 422) assertProblem(answer, 422, "query-too-broad");
  else if (answer.status === 429) assertProblem(answer, 429, "too-many-requests");
  else assert.ok(answer.status === 200 && isRight(answer, project), `${answer.status} ${path(project)}`);
  return tookMs;
}

/** What people and programs ask all day long: short lists, of which no two are the same; answers how long one took. */
async function askShort(project: Project, number: number): Promise<number> {
  const offset = (number * 997) % project.count;
  const paths = [
    `/v1/${project.id}/tasks?limit=10&offset=${offset}`,
    `/rds/v3/${project.id}/tasklist?limit=10&offset=${offset}`,
    `/v1/${project.id}/tasks?limit=10&name=Restart&created_from=${new Date(nowMs - 250 * offset).toISOString()}`,
  ];
  const startedMs = performance.now();
  const answer = await server.call(paths[number % paths.length] ?? "", { token: project.token });
  assert.equal(answer.status, 200, answer.text);
  return performance.now() - startedMs;
}

/** Asks for one list after the other. */
async function askShortWhile(goesOn: (asked: number) => boolean): Promise<readonly number[]> {
  const tookMs: number[] = [];
  while (goesOn(tookMs.length)) {
    const project = projects[tookMs.length % projects.length];
    assert.ok(project);
    tookMs.push(await askShort(project, tookMs.length));
  }
  return tookMs;
}

/**
 * Watches how long the serving thread works without a turn for anybody else; `stop` answers the longest, in milliseconds
 * of its own work, which other work of the machine does not change.
 */
function watchTurns(): { stop(): number } {
  let longestMs = 0;
  let before = process.threadCpuUsage();
  const look = () => {
    const { user, system } = process.threadCpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    before = process.threadCpuUsage();
  };
  // It keeps nobody waiting where the test fails.
  const watching = setInterval(look, 1).unref();
  return {
    stop() {
      clearInterval(watching);
      look();
      return longestMs;
    },
  };
}

test("no list waits for the long questions of its project or of others", async (t) => {
  const [own, second, third] = projects;
  assert.ok(own && second && third);
  const idle = await askShortWhile((asked) => asked < 300);
  const longMs = await askLong(questions.byEveryLabel, own);
  const turns = watchTurns();
  let areAnswered = false;
  const answers = Promise.all([
    askLong(questions.byEveryLabel, own),
    askLong(questions.byText, own),
    askLong(questions.stats, own),
    askLong(questions.namesOfAnInstance, own),
    askLong(questions.csvOfEverything, own),
    askLong(questions.byEveryLabel, second),
    askLong(questions.statsOfEveryLabel, second),
    askLong(questions.csvOfEverything, second),
    askLong(questions.byText, third),
    askLong(questions.statsOfEveryLabel, third),
  ]).finally(() => {
    areAnswered = true;
  });
  const busy = await askShortWhile(() => !areAnswered);
  await answers;
  const mostMs = turns.stop();
  for (const [when, unsorted] of Object.entries({ idle, busy })) {
    const tookMs = unsorted.toSorted((x, y) => x - y);
    const [median, p99, most] = [0.5, 0.99, 1].map((part) =>
      tookMs[Math.ceil(part * tookMs.length) - 1]?.toFixed(1),
    );
    t.diagnostic(`${when}: ${tookMs.length} lists, median ${median} ms, p99 ${p99} ms, longest ${most} ms`);
  }
  // Were a single one of them answered by the thread that serves, nobody would have had a turn for that long.
  t.diagnostic(
    `the longest turn: ${mostMs.toFixed(1)} ms of work; a long question alone: ${longMs.toFixed(1)} ms`,
  );
  assert.ok(mostMs < longMs / 4, `${mostMs} ms of work in one turn, ${longMs} ms for a long question alone`);
});
