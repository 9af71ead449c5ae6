import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import test from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import { assertSound, findingsIn } from "../../../test/sound-store.ts";
import { flipByte, makeFolder } from "../../../test/store-files.ts";
import { TaskCenterError } from "../../task/error.ts";
import type { TaskFilter } from "../../task/query.ts";
import type { Task } from "../../task/task.ts";
import type { Store } from "../store.ts";
import { openDatabase } from "./database.ts";
import { rebuildCounts } from "./rebuild-counts.ts";
import { openSqliteStore } from "./store.ts";

const { projectId } = taskFactory.running();
const clock = (): number => 0;

/** What processes do that are not allowed all that this one is. They answer on their output, in JSON. */
const roles = { fill: fillUp, use: useWhatCanBeUsed } as const satisfies Record<
  string,
  (path: string) => unknown
>;

const nobody = 65534;
const thisFile = fileURLToPath(import.meta.url);

/** Copies what a child needs to where nobody may read it, which the checkout need not let them. Answers this file's copy. */
function copySources(folder: string): string {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  for (const part of ["package.json", "src", "test"]) {
    cpSync(join(root, part), join(folder, "sources", part), { recursive: true });
  }
  return join(folder, "sources", relative(root, thisFile));
}

function defineTests(): void {
  test("a file that may not grow refuses writes and answers questions, and goes on when it may", async (t) => {
    const path = join(makeFolder(t), "store.db");
    const command = [process.execPath, thisFile, "fill", path];
    // In units of 512 or 1024 bytes, as the shell likes it.
    const shell = spawn("sh", ["-c", 'ulimit -f 4000; exec "$@"', "sh", ...command], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { recorded, refusals, total } = JSON.parse(await text(shell.stdout));
    assert.ok(recorded.length > 0);
    assert.deepEqual(
      [...new Set(refusals)],
      ["store-unavailable The store is unavailable: its file cannot be read or written."],
    );
    assert.equal(total, recorded.length);

    assert.deepEqual((await assertSound(path)).map(({ id }) => id).sort(), recorded.toSorted());
    const { tasks, close } = await openSqliteStore({ path, clock });
    await tasks.createTask(creationOf(taskFactory.running({ id: "next" })));
    await close();
    assert.equal((await assertSound(path)).length, recorded.length + 1);
  });

  for (const [what, { modes, can }] of Object.entries(readOnly)) {
    test(`${what}: nothing is changed, and whoever writes is told why`, async (t) => {
      // Root may write everywhere, so it becomes nobody, in a folder that everybody may enter, with the sources beside.
      const isRoot = process.getuid?.() === 0;
      const folder = mkdtempSync(join(isRoot ? "/var/tmp" : tmpdir(), "taskcenter-faults-"));
      const path = join(folder, "store.db");
      t.after(() => {
        chmodSync(folder, 0o700);
        rmSync(folder, { recursive: true });
      });
      await fill(path, 10);
      const program = isRoot ? copySources(folder) : thisFile;
      for (const file of [folder, path, `${path}-lock`]) if (isRoot) chownSync(file, nobody, nobody);
      const before = readFileSync(path);
      chmodSync(path, modes.file);
      chmodSync(folder, modes.folder);
      const child = spawn(process.execPath, [program, "use", path], { stdio: ["ignore", "pipe", "inherit"] });
      assert.deepEqual(JSON.parse(await text(child.stdout)), can);
      assert.deepEqual(readFileSync(path), before);
    });
  }

  test("a page that is damaged is never the source of an answer", async (t) => {
    const folder = makeFolder(t);
    const whole = join(folder, "whole.db");
    await fill(whole, 1500);
    const copyOf = (name: string): string => {
      const path = join(folder, name);
      copyFileSync(whole, path);
      return path;
    };
    const right = await askEverything(copyOf("right.db"));
    assert.ok(right.every((answer) => typeof answer === "string"));
    for (const [tree, page] of somePages(whole)) {
      const path = copyOf(`${tree}-${page.number}.db`);
      flipByte(path, page.at);
      const answers = await askEverything(path);
      const refusals = answers.filter((answer) => answer instanceof Error);
      assert.ok(refusals.length > 0, `nobody needs page ${page.number} of ${tree}`);
      for (const refusal of refusals) assert.equal(refusal.message, damaged);
      for (const [index, answer] of answers.entries()) {
        if (typeof answer === "string") assert.equal(answer, right[index]);
      }
    }
  });

  test("a letter that is flipped in a task or in an index is found by a check", async (t) => {
    const folder = makeFolder(t);
    const whole = join(folder, "whole.db");
    await fill(whole, 700);
    // A task's row goes on with its service, an index's entry with its status.
    for (const [words, places] of [
      ["task-0333rds", 1],
      ["task-0333Running", 3],
    ] as const) {
      const found = occurrences(readFileSync(whole), words);
      assert.equal(found.length, places);
      for (const at of found) {
        const path = join(folder, `${words}-${at}.db`);
        copyFileSync(whole, path);
        flipByte(path, at + words.length - 1);
        assert.notDeepEqual(findingsIn(path), []);
      }
    }
  });

  test("a count that is flipped is found by a check, and put right by a rebuild", async (t) => {
    const path = join(makeFolder(t), "store.db");
    await fill(path, 1500);
    // A node's counts follow the place where it starts, which is a task's but for the first.
    const start = look(path, (database) =>
      database
        .prepare("SELECT start_id FROM count_node WHERE start_id <> '' ORDER BY start_id LIMIT 1")
        .get(),
    );
    const pages = pagesOf(path, "count_node");
    const at = occurrences(readFileSync(path), String(start?.start_id)).filter((place) =>
      pages.some((page) => place >= page.at && place < page.at + page.size),
    );
    for (const place of at) flipByte(path, place + String(start?.start_id).length);
    assert.match(findingsIn(path).join("\n"), /counts -?\d+ tasks that are Running, and there are \d+/);
    const { database, lock } = openDatabase(path, clock);
    rebuildCounts(database);
    database.close();
    lock.release();
    await assertSound(path);
  });
}

const damaged = "The store is unavailable: its file is damaged.";

/** What may not be written, and what can be done then. */
const readOnly = {
  "a folder that cannot be written to": {
    modes: { folder: 0o500, file: 0o600 },
    can: { opened: "The store is unavailable: its file is read-only." },
  },
  "a file that cannot be written to": {
    modes: { folder: 0o700, file: 0o400 },
    can: { read: 10, written: "The store is unavailable: its file is read-only." },
  },
} as const;

/** A store's task, with an id that is as long as every other's. */
function taskAt(number: number): Task {
  return taskFactory.running({
    id: `task-${String(number).padStart(4, "0")}`,
    name: number % 2 === 0 ? "Restart" : "Backup",
    createdAtMs: Math.floor(number / 40),
    orderId: number % 100 === 0 ? "order" : "",
  });
}

/** Fills a store whose file holds everything when it is done. */
async function fill(path: string, count: number): Promise<void> {
  const { tasks, close } = await openSqliteStore({ path, clock });
  const all = Array.from({ length: count }, (_, number) => taskAt(number));
  await Promise.all(all.map((task) => tasks.createTask(creationOf(task))));
  await close();
}

function look<T>(path: string, question: (database: DatabaseSync) => T): T {
  using database = new DatabaseSync(path, { readOnly: true });
  return question(database);
}

/** A page of a file. */
interface Page {
  readonly number: number;
  readonly at: number;
  readonly size: number;
}

/** The pages of a table or index, in their order in it: the first is its root. */
function pagesOf(path: string, tree: string): readonly Page[] {
  return look(path, (database) =>
    database
      .prepare("SELECT pageno, pgsize FROM dbstat WHERE name = ? ORDER BY path")
      .all(tree)
      .map(({ pageno, pgsize }) => {
        const [number, size] = [Number(pageno), Number(pgsize)];
        return { number, at: (number - 1) * size, size };
      }),
  );
}

/** Of everything that tasks and counts are found by, the root and a page in the middle. */
function somePages(path: string): readonly (readonly [tree: string, page: Page])[] {
  const trees = ["task", "sqlite_autoindex_task_1", "task_by_service", "task_by_name", "count_node"];
  return trees.flatMap((tree) => {
    const pages = pagesOf(path, tree);
    const some = new Set([pages[0], pages[pages.length >> 1]]);
    return [...some].flatMap((page) => (page === undefined ? [] : [[tree, page] as const]));
  });
}

/** Asks for every page of some lists, a stream and single tasks, and writes: answers each answer, as text, or refusal. */
async function askEverything(path: string): Promise<readonly (string | Error)[]> {
  let store: Store;
  try {
    store = await openSqliteStore({ path, clock });
  } catch (error) {
    return [asRefusal(error)];
  }
  const answers: (string | Error)[] = [];
  const ask = async (question: () => Promise<unknown>): Promise<void> => {
    try {
      answers.push(JSON.stringify(await question()));
    } catch (error) {
      answers.push(asRefusal(error));
    }
    // What is read in one turn of the event loop shares a transaction, which ends with it.
    await turn();
  };
  const conditions: readonly Partial<TaskFilter>[] = [
    {},
    { services: ["rds"], kinds: ["instant"], createdFromMs: 3, createdToMs: 30 },
    { names: ["Restart"] },
  ];
  for (const condition of conditions) {
    for (let offset = 0; offset < 1500; offset += 100) {
      const filter = { projectId, ...condition };
      await ask(() =>
        store.tasks.listTasks({ filter, order: "newest-first", offset, limit: 100, withNames: true }),
      );
    }
  }
  const stream = { filter: { projectId }, order: "oldest-first", limit: undefined } as const;
  await ask(async () => {
    const streamed: Task[] = [];
    for await (const tasks of store.tasks.streamTasks(stream)) streamed.push(...tasks);
    return streamed;
  });
  for (let number = 0; number < 1500; number += 10) {
    await ask(async () => (await store.tasks.getTask(taskAt(number))) ?? "there is no such task");
  }
  await ask(() => store.tasks.createTask(creationOf(taskAt(1500))));
  await ask(() => store.tasks.deleteTask(taskAt(750)));
  await store.close();
  return answers;
}

function asRefusal(error: unknown): Error {
  assert.ok(error instanceof TaskCenterError);
  return error;
}

function occurrences(bytes: Buffer, words: string): readonly number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(words); at !== -1; at = bytes.indexOf(words, at + 1)) places.push(at);
  return places;
}

/** Records tasks until several are refused, and then asks how many there are. */
async function fillUp(path: string) {
  // Without somebody who hears it, the signal ends the process.
  process.on("SIGXFSZ", () => {});
  const { tasks, close } = await openSqliteStore({ path, clock });
  const recorded: string[] = [];
  const refusals: string[] = [];
  for (let number = 0; refusals.length < 5; number += 1) {
    const task = { ...taskAt(number), details: { text: "x".repeat(5000) } };
    await tasks.createTask(creationOf(task)).then(
      () => recorded.push(task.id),
      (error) => refusals.push(`${error.code} ${error.message}`),
    );
  }
  const { total } = await tasks.listTasks({
    filter: { projectId },
    order: "newest-first",
    offset: 0,
    limit: 10,
    withNames: true,
  });
  await close();
  return { recorded, refusals, total };
}

/** Opens a store, reads it and writes to it; answers what came of each. */
async function useWhatCanBeUsed(path: string) {
  if (process.getuid?.() === 0) {
    process.setgid?.(nobody);
    process.setuid?.(nobody);
  }
  const said = (error: unknown): string => asRefusal(error).message;
  const store = await openSqliteStore({ path, clock }).catch(said);
  if (typeof store === "string") return { opened: store };
  const query = { order: "newest-first", offset: 0, limit: 10, withNames: false } as const;
  const read = await store.tasks.listTasks({ ...query, filter: { projectId } }).catch(said);
  const written = await store.tasks.createTask(creationOf(taskAt(9999))).catch(said);
  await store.close();
  return { read: typeof read === "string" ? read : read.total, written };
}

const [, , roleOfChild, pathOfChild = ""] = process.argv;
if (roleOfChild === undefined) defineTests();
else console.log(JSON.stringify(await roles[roleOfChild as keyof typeof roles](pathOfChild)));
