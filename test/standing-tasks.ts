import assert from "node:assert/strict";
import type { FoundTask } from "./acknowledged.ts";
import { callServer } from "./start-server.ts";

/** A task as our own API tells it, with its history, as far as lists and counts go by it. */
export interface StandingTask extends FoundTask {
  readonly task: FoundTask["task"] & {
    readonly service: string;
    readonly name: string;
    readonly instance: { readonly id: string };
    readonly created_at: string;
  };
}

/** A server to ask, and the project. */
interface Place {
  readonly url: string;
  readonly projectId: string;
  readonly token: string;
}

const tasksUrl = ({ url, projectId }: Place): string => `${url}/v1/${projectId}/tasks`;

/** Reads every task of a project with its history, one by one: no count has a say in it. */
export async function readStanding(place: Place): Promise<readonly StandingTask[]> {
  const answer = await callServer(`${tasksUrl(place)}?history=true`, {
    token: place.token,
    headers: { accept: "application/x-ndjson" },
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Holds what a server counts and lists against all tasks that are there. */
export async function assertCountsOf(place: Place, standing: readonly StandingTask[]): Promise<void> {
  const ask = async (query: string) => {
    const answer = await callServer(tasksUrl(place) + query, { token: place.token });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };
  const properties: Readonly<Record<string, (standing: StandingTask) => string>> = {
    status: ({ task }) => task.status,
    name: ({ task }) => task.name,
    service: ({ task }) => task.service,
    instance_id: ({ task }) => task.instance.id,
  };
  const times = standing.map(({ task }) => task.created_at).sort();
  const fromTime = times[Math.floor(times.length / 2)] ?? "";
  const expected = new Map([
    ["", standing.length],
    [`&created_from=${fromTime}`, standing.filter(({ task }) => task.created_at >= fromTime).length],
  ]);
  for (const [property, read] of Object.entries(properties)) {
    for (const [value, some] of Map.groupBy(standing, read))
      expected.set(`&${property}=${value}`, some.length);
  }
  for (const [word, some] of Map.groupBy(standing, ({ task }) => `${task.name}&status=${task.status}`)) {
    expected.set(`&name=${word}`, some.length);
  }
  const totals = await Promise.all(
    [...expected.keys()].map(async (filter) => [filter, (await ask(`?limit=1${filter}`)).total] as const),
  );
  assert.deepEqual(totals, [...expected]);

  const groups: readonly Record<string, unknown>[] = (await ask(":stats?group_by=status,service")).groups;
  const bySlot = Map.groupBy(standing, ({ task }) => `${task.status} ${task.service}`);
  assert.deepEqual(
    groups.map(({ status, service, count }) => [`${status} ${service}`, count]).sort(),
    [...bySlot].map(([slot, some]) => [slot, some.length]).sort(),
  );

  const paged: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: { tasks: readonly { id: string }[]; next_cursor: string | null } = await ask(
      `?limit=500${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    paged.push(...page.tasks.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  assert.deepEqual(
    paged,
    standing.map(({ task }) => task.id),
  );
}
