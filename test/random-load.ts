import { setTimeout as wait } from "node:timers/promises";
import { below, type Random } from "../bench/scale/random.ts";
import type { Acknowledged, Fate } from "./acknowledged.ts";
import type { RoamingClient, Settled } from "./roaming-client.ts";

/** What the clients of one project have in common: tasks that all of them create and report on. */
export interface SharedTasks {
  /** How many creations were begun: three of them want the same id. */
  begun: number;
  readonly ids: string[];
  /** The highest revision of each that anybody was told. */
  readonly revisions: Map<string, number>;
}

/** A task of one client, as it knows it: what is undefined nobody knows. */
interface OwnTask {
  readonly id: string;
  /** Whether a repeated creation of it may still be under way: it might make the task again after a deletion. */
  readonly isSettled: boolean;
  isThere: true | undefined;
  status: string | undefined;
  revision: number | undefined;
}

/** How many of its newest tasks a client works on, and how long it pauses between two requests at most. */
const recent = 12;
const mostPauseMs = 30;

/**
 * One client that does this and that, at random, until it is told to stop. It notes what was acknowledged, and finds
 * fault with every answer that does not fit what it, or another client, was told before.
 */
export async function loadAtRandom(parts: {
  readonly name: string;
  readonly projectId: string;
  readonly token: string;
  readonly client: RoamingClient;
  readonly random: Random;
  readonly shared: SharedTasks;
  readonly acknowledged: Acknowledged;
  readonly onFinding: (finding: string) => void;
  readonly stopping: AbortSignal;
}): Promise<void> {
  const { name, projectId, token, client, random, shared, acknowledged, onFinding, stopping } = parts;
  const tasksPath = `/v1/${projectId}/tasks`;
  const own: OwnTask[] = [];
  let words = 0;

  const nextWord = (): string => `${name}-${++words}`;
  const expect = (isSo: boolean, what: string): void => {
    if (!isSo) onFinding(`${name}: ${what}`);
  };
  const pickOf = <T>(values: readonly T[]): T | undefined => {
    const newest = values.slice(-recent);
    return newest[below(newest.length, random)];
  };

  function creationBody(word: string): Record<string, unknown> {
    const service = (["rds", "ddm", "geminidb"] as const)[below(3, random)];
    return { service, name, instance: { id: `in-${below(4, random)}` }, order_id: word };
  }

  function own201(word: string, { answer, isUncertain }: Settled, id: string | undefined): void {
    expect(answer === undefined || answer.status === 201, `creation ${word} is answered ${answer?.status}`);
    const known = answer?.json?.id ?? id;
    acknowledged.creations.push({
      word,
      projectId,
      id: known,
      fate: answer === undefined ? "perhaps" : "done",
    });
    own.push({
      id: known ?? word,
      isSettled: !isUncertain,
      isThere: answer === undefined ? undefined : true,
      status: answer === undefined ? undefined : "Running",
      revision: answer === undefined ? undefined : 1,
    });
  }

  async function createOwn(): Promise<void> {
    const word = nextWord();
    const id = `own-${word}`;
    const body = { ...creationBody(word), id };
    own201(word, await client.settle({ path: tasksPath, token, body }), id);
  }

  /** The same key twice at once, on whichever servers: one task. */
  async function createByKey(): Promise<void> {
    const word = nextWord();
    const asked = {
      path: tasksPath,
      token,
      body: creationBody(word),
      headers: { "idempotency-key": word },
    };
    const [one, other] = await Promise.all([client.settle(asked), client.settle(asked)]);
    const ids = [one, other].flatMap(({ answer }) => answer?.json?.id ?? []);
    expect(new Set(ids).size <= 1, `the key ${word} stands for ${ids.join(" and ")}`);
    const answer = one.answer ?? other.answer;
    own201(word, { answer, isUncertain: one.isUncertain || other.isUncertain }, undefined);
  }

  /** An id that three clients want, with bodies that differ. */
  async function createShared(): Promise<void> {
    const word = nextWord();
    const id = `shared-${Math.floor(shared.begun / 3)}`;
    shared.begun += 1;
    const body = { ...creationBody(word), name: "Shared", id };
    const { answer } = await client.settle({ path: tasksPath, token, body });
    const fates: Readonly<Record<number, Fate>> = { 201: "done", 409: "refused" };
    const fate = answer === undefined ? "perhaps" : fates[answer.status];
    expect(fate !== undefined, `shared creation ${word} is answered ${answer?.status}`);
    acknowledged.creations.push({ word, projectId, id, fate: fate ?? "perhaps" });
    if (fate === "done" || fate === "refused") {
      if (!shared.ids.includes(id)) shared.ids.push(id);
    }
  }

  function reportBody(word: string): Record<string, unknown> {
    const kind = below(10, random);
    if (kind < 6) return { message: word, progress: below(101, random) };
    if (kind < 8) return { message: word };
    return { message: word, status: kind === 8 ? "Completed" : "Failed" };
  }

  /** Notes a report; answers its fate. Where an earlier attempt may have been it, a refusal says nothing. */
  function noteReport(word: string, id: string, { answer, isUncertain }: Settled): Fate {
    const isDone = answer?.status === 200;
    const isRefused = answer !== undefined && [404, 409, 412].includes(answer.status) && !isUncertain;
    const fate = isDone ? "done" : isRefused ? "refused" : "perhaps";
    const isExpected = answer === undefined || [200, 404, 409, 412].includes(answer.status);
    expect(isExpected, `report ${word} is answered ${answer?.status}: ${answer?.text}`);
    acknowledged.reports.push({
      word,
      projectId,
      id,
      fate,
      revision: isDone ? answer.json.revision : undefined,
    });
    return fate;
  }

  async function reportOwn(): Promise<void> {
    const task = pickOf(own);
    if (task === undefined || task.isThere === undefined) return;
    const word = nextWord();
    const body = reportBody(word);
    const { revision, status } = task;
    // Only a report with a condition may be sent again without being applied twice.
    const isConditional = revision !== undefined && below(2, random) === 0;
    const asked = { path: `${tasksPath}/${task.id}`, method: "PATCH", token, body };
    const settled = isConditional
      ? await client.settle({ ...asked, headers: { "if-match": `"${revision}"` } })
      : await client.settle(asked, { onlyOnce: true });
    const fate = noteReport(word, task.id, settled);
    if (revision !== undefined && fate !== "perhaps") {
      const wanted = status === "Running" ? "done" : "refused";
      expect(fate === wanted, `report ${word} on a task that is ${status} is ${settled.answer?.status}`);
      if (fate === "done")
        expect(settled.answer?.json.revision === revision + 1, `report ${word} skips a revision`);
    }
    if (fate === "perhaps") {
      task.revision = undefined;
      task.status = undefined;
    } else if (fate === "done" && revision !== undefined) {
      task.revision = revision + 1;
      task.status = typeof body.status === "string" ? body.status : task.status;
    }
  }

  async function reportShared(): Promise<void> {
    const id = pickOf(shared.ids);
    if (id === undefined) return;
    const word = nextWord();
    const path = `${tasksPath}/${id}`;
    const known = shared.revisions.get(id) ?? 1;
    const read = (await client.settle({ path, token })).answer;
    if (read === undefined) return;
    expect(read.status === 200, `shared task ${id} is answered ${read.status}`);
    expect(read.json.revision >= known, `shared task ${id} is at ${read.json.revision} after ${known}`);
    const asked = { path, method: "PATCH", token, body: reportBody(word) };
    const settled =
      below(2, random) === 0
        ? await client.settle({ ...asked, headers: { "if-match": `"${read.json.revision}"` } })
        : await client.settle(asked, { onlyOnce: true });
    if (noteReport(word, id, settled) === "done") {
      shared.revisions.set(id, Math.max(shared.revisions.get(id) ?? 1, settled.answer?.json.revision));
    }
  }

  async function deleteOwn(): Promise<void> {
    const task = pickOf(own);
    if (task === undefined || task.isThere === undefined || !task.isSettled) return;
    const { answer, isUncertain } = await client.settle({
      path: `${tasksPath}/${task.id}`,
      method: "DELETE",
      token,
    });
    const isGone = answer?.status === 204 || (answer?.status === 404 && isUncertain);
    expect(isGone || answer === undefined, `deletion of ${task.id} is answered ${answer?.status}`);
    acknowledged.deletions.push({ projectId, id: task.id, fate: isGone ? "done" : "perhaps" });
    if (isGone) own.splice(own.indexOf(task), 1);
    else task.isThere = undefined;
  }

  async function readOwn(): Promise<void> {
    const task = pickOf(own);
    if (task === undefined || task.isThere === undefined) return;
    const path = `${tasksPath}/${task.id}`;
    const [{ answer: read }, { answer: told }] = await Promise.all([
      client.settle({ path, token }),
      client.settle({ path: `${path}/history?limit=500`, token }),
    ]);
    for (const answer of [read, told]) {
      expect(
        answer === undefined || answer.status === 200,
        `own task ${task.id} is answered ${answer?.status}`,
      );
    }
    const { revision } = task;
    if (revision === undefined) return;
    expect(
      read === undefined || read.json.revision === revision,
      `${task.id} is not at ${revision}: ${read?.text}`,
    );
    const lines = told?.json?.history?.length;
    expect(
      told === undefined || lines === revision,
      `${task.id} has ${lines} lines for ${revision} revisions`,
    );
  }

  /** How many of its own tasks there are at least, and at most. */
  function boundsOf(status?: string): readonly [number, number] {
    const most = own.filter((task) => status === undefined || [undefined, status].includes(task.status));
    const certain = most.filter((task) => task.isThere && (status === undefined || task.status === status));
    return [certain.length, most.length];
  }

  const statuses = ["Running", "Completed", "Failed"];

  async function list(): Promise<void> {
    const status = [undefined, ...statuses][below(4, random)];
    const [least, most] = boundsOf(status);
    const filter = status === undefined ? "" : `&status=${status}`;
    const { answer } = await client.settle({ path: `${tasksPath}?name=${name}${filter}&limit=5`, token });
    if (answer === undefined) return;
    const { total, tasks } = answer.json ?? {};
    expect(
      total >= least && total <= most,
      `${status ?? "all"} of its tasks are ${total} and not ${least} to ${most}`,
    );
    expect(tasks?.length === Math.min(5, total), `a page of ${total} has ${tasks?.length} tasks`);
  }

  async function count(): Promise<void> {
    const bounds = new Map(statuses.map((status) => [status, boundsOf(status)]));
    const { answer } = await client.settle({
      path: `${tasksPath}:stats?group_by=status&name=${name}`,
      token,
    });
    if (answer === undefined) return;
    const groups: readonly { status: string; count: number }[] = answer.json?.groups ?? [];
    for (const [status, [least, most]] of bounds) {
      const counted = groups.find((group) => group.status === status)?.count ?? 0;
      expect(
        counted >= least && counted <= most,
        `${status} are counted ${counted} times and not ${least} to ${most}`,
      );
    }
  }

  const actions = [
    ...[createOwn, createOwn, createOwn, createByKey, createShared],
    ...[reportOwn, reportOwn, reportOwn, reportShared, reportShared, deleteOwn],
    ...[readOwn, list, list, count],
  ];
  while (!stopping.aborted) {
    await actions[below(actions.length, random)]?.();
    await wait(random() * mostPauseMs);
  }
}
