import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import test, { suite, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { inspect } from "node:util";
import { openTestDatabase, startPostgres } from "../../../test/postgres.ts";
import { openSession, type Session, statement } from "./session.ts";

const sleep = statement("SELECT pg_sleep($1::double precision)");
const readPid = statement<[pid: number]>("SELECT pg_backend_pid()");
const terminate = statement<[ended: boolean]>("SELECT pg_terminate_backend($1::integer, 1000)");
const makeTable = statement("CREATE TABLE counter (name text PRIMARY KEY, value bigint NOT NULL)");
const insert = statement("INSERT INTO counter (name, value) VALUES ($1, $2)");
const read = statement<[value: number]>("SELECT value FROM counter WHERE name = $1");
const write = statement("UPDATE counter SET value = $2 WHERE name = $1");
const raise = statement("UPDATE counter SET value = value + 1 WHERE name = $1");
const countRows = statement<[count: number]>("SELECT count(*) FROM counter");

interface OpenOptions {
  readonly connections?: number;
  readonly statementMs?: number;
  readonly troubles?: unknown[];
}

function openOn(t: TestContext, url: string, options: OpenOptions = {}): Session {
  const { connections = 2, statementMs = 5000, troubles = [] } = options;
  const session = openSession({ url, connections, statementMs, onTrouble: (error) => troubles.push(error) });
  t.after(() => session.close());
  return session;
}

async function open(t: TestContext, options: OpenOptions = {}): Promise<Session> {
  const { url } = await openTestDatabase(t);
  return openOn(t, url, options);
}

/** Opens a session on a database with one row. */
async function openWithRow(t: TestContext, options: OpenOptions = {}): Promise<Session> {
  const session = await open(t, options);
  await session.query(makeTable);
  await session.query(insert, ["a", 1]);
  return session;
}

function refusal(reason: string) {
  return { code: "store-unavailable", message: `The store is unavailable: ${reason}.` };
}

/** Puts a network before a database that can lose, without a word, everything of the connections that it has. */
async function startNetwork(t: TestContext, url: string): Promise<{ url: string; cut(): void }> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const network = createServer((client) => {
    const server = connect({ host: hostname, port: Number(port) });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.pipe(to);
      from.on("error", () => to.destroy());
      sockets.add(from);
    }
  });
  await new Promise<void>((resolve) => network.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    network.close();
  });
  const address = network.address();
  assert.ok(address !== null && typeof address === "object");
  const through = new URL(url);
  through.host = `127.0.0.1:${address.port}`;
  return {
    url: through.href,
    cut() {
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
}

/** Waits for a promise's end, and answers how long that took. */
async function elapsedMs(work: Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work;
  return performance.now() - startedMs;
}

// Most of them wait, so they wait together.
suite("a session", { concurrency: true }, () => {
  test("whole numbers come back as numbers, alone and in arrays, and rows as arrays", async (t) => {
    const session = await open(t);
    const rows = await session.query(
      statement<[number, readonly number[], string, null, boolean, number]>(
        "SELECT 9007199254740991::bigint, ARRAY[1, -2]::bigint[], 'text', NULL, true, 0.1::double precision",
      ),
    );
    assert.deepEqual(rows, [[9007199254740991, [1, -2], "text", null, true, 0.1]]);
  });

  test("arrays are given as arrays", async (t) => {
    const session = await open(t);
    const echo = statement<[string]>("SELECT unnest($1::text[])");
    const awkward = ["a", 'with "quotes", commas', "{}", "back\\slash", "", "NULL"];
    assert.deepEqual(
      await session.query(echo, [awkward]),
      awkward.map((value) => [value]),
    );
  });

  test("a statement of a transaction or a snapshot that takes too long is refused, and the connection serves on", async (t) => {
    const session = await open(t, { connections: 1, statementMs: 200 });
    const [[pid] = []] = await session.query(readPid);
    const tooLong = refusal("its database took too long");
    const inTransaction = session.transaction((query) => query(sleep, [30]));
    assert.ok((await elapsedMs(assert.rejects(inTransaction, tooLong))) < 15_000);
    await assert.rejects(
      session.snapshot((query) => query(sleep, [30]), 100),
      tooLong,
    );
    assert.deepEqual(await session.query(readPid), [[pid]]);
    // The limit was that transaction's own.
    await session.query(sleep, [0.3]);
  });

  test("a statement without an answer is given up, and its connection with it", async (t) => {
    const session = await open(t, { connections: 1, statementMs: -500 });
    const [[pid] = []] = await session.query(readPid);
    await assert.rejects(session.query(sleep, [30]), refusal("its database cannot be reached"));
    const [[next] = []] = await session.query(readPid);
    assert.notEqual(next, pid);
  });

  test("where a connection proves dead, those that were there beside it keep nobody waiting", async (t) => {
    const network = await startNetwork(t, (await openTestDatabase(t)).url);
    const session = openOn(t, network.url, { connections: 3, statementMs: -500 });
    await Promise.all([1, 2, 3].map(() => session.query(sleep, [0.2])));
    network.cut();
    await assert.rejects(session.query(readPid), refusal("its database cannot be reached"));
    const pids: unknown[] = [];
    for (let asked = 0; asked < 3; asked += 1) pids.push((await session.query(readPid))[0]?.[0]);
    assert.equal(new Set(pids).size, 1, "one connection is made anew, and serves on");
    await Promise.all([1, 2, 3].map(() => session.query(sleep, [0.1])));
  });

  test("where all connections are in use, a question waits a few seconds and is refused", async (t) => {
    const session = await open(t, { connections: 1 });
    const using = session.transaction(async (query) => {
      await query(readPid);
      await query(sleep, [4]);
    });
    const refused = assert.rejects(session.query(readPid), refusal("none of its connections is free"));
    const waitedMs = await elapsedMs(refused);
    assert.ok(waitedMs > 2500, `${waitedMs} ms`);
    await using;
    await session.query(readPid);
  });

  test("a connection that is ended while nobody uses it is replaced, and told of", async (t) => {
    const troubles: unknown[] = [];
    const session = await open(t, { connections: 2, troubles });
    const pids = await Promise.all([
      session.transaction(async (query) => (await query(readPid))[0]?.[0]),
      session.transaction(async (query) => (await query(readPid))[0]?.[0]),
    ]);
    const own = await session.transaction(async (query) => {
      const [[pid] = []] = await query(readPid);
      for (const other of pids) if (other !== pid) await query(terminate, [other ?? 0]);
      return pid;
    });
    while (troubles.length === 0) await wait(10);
    assert.equal(troubles.length, 1);
    const answers = await Promise.all(Array.from({ length: 4 }, () => session.query(readPid)));
    assert.ok(answers.some(([row]) => row?.[0] === own));
  });

  test("a connection that is ended while it is used refuses what uses it, and nothing after that", async (t) => {
    const session = await openWithRow(t, { connections: 2 });
    const ended = refusal("its database is stopping or starting");
    let using = 0;
    const lost = session.transaction(async (query) => {
      await query(write, ["a", 2]);
      using = (await query(readPid))[0]?.[0] ?? 0;
      await query(sleep, [30]);
    });
    const refused = assert.rejects(lost, ended);
    while (using === 0) await wait(10);
    await session.query(terminate, [using]);
    await refused;
    // Between two statements.
    const between = session.transaction(async (query) => {
      const [[pid = 0] = []] = await query(readPid);
      await session.query(terminate, [pid]);
      await wait(50);
      await query(write, ["a", 3]);
    });
    await assert.rejects(between, { code: "store-unavailable" });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      assert.deepEqual(await session.query(read, ["a"]), [[1]]);
    }
  });

  test("what a change throws undoes it, and is thrown on", async (t) => {
    const session = await openWithRow(t, { connections: 1 });
    const own = new Error("no");
    const change = session.transaction(async (query) => {
      await query(write, ["a", 2]);
      throw own;
    });
    await assert.rejects(change, (error) => error === own);
    assert.deepEqual(await session.query(read, ["a"]), [[1]]);
  });

  test("a change is never half made: nothing of it stands where a statement failed and nobody said so", async (t) => {
    const session = await openWithRow(t, { connections: 1 });
    const change = session.transaction(async (query) => {
      await query(write, ["a", 2]);
      await query(insert, ["a", 3]).catch(() => {});
    });
    await assert.rejects(change, refusal("its database undid a change"));
    assert.deepEqual(await session.query(read, ["a"]), [[1]]);
  });

  test("what a failed statement had beside it does not reach into the next transaction", async (t) => {
    const session = await openWithRow(t, { connections: 1 });
    const change = session.transaction(async (query) => {
      await Promise.all([query(insert, ["a", 3]), query(insert, ["b", 1]), query(sleep, [0.1])]);
    });
    await assert.rejects(change, refusal("its database failed"));
    assert.deepEqual(await session.query(countRows), [[1]]);
  });

  test("a change that lost against another is made again, from what the other left", async (t) => {
    const session = await openWithRow(t, { connections: 8 });
    let attempts = 0;
    let begun = 0;
    const add = () =>
      session.transaction(async (query) => {
        attempts += 1;
        const [[value = 0] = []] = await query(read, ["a"]);
        // A connection may be made later than another one's change; all have begun before any writes.
        begun += 1;
        for (let waitedMs = 0; begun < 4 && waitedMs < 2000; waitedMs += 10) await wait(10);
        await query(write, ["a", value + 1]);
      }, "REPEATABLE READ");
    await Promise.all(Array.from({ length: 4 }, add));
    assert.deepEqual(await session.query(read, ["a"]), [[5]]);
    assert.ok(attempts > 4, `${attempts} attempts`);
  });

  test("changes that wait for each other in a circle are both made", async (t) => {
    const session = await openWithRow(t, { connections: 2 });
    await session.query(insert, ["b", 1]);
    let begun = 0;
    const writeBoth = (names: readonly string[]) =>
      session.transaction(async (query) => {
        for (const name of names) {
          await query(raise, [name]);
          begun += 1;
          for (let waitedMs = 0; begun < 2 && waitedMs < 1000; waitedMs += 10) await wait(10);
        }
      });
    await Promise.all([writeBoth(["a", "b"]), writeBoth(["b", "a"])]);
    const values = await Promise.all(["a", "b"].map((name) => session.query(read, [name])));
    assert.deepEqual(values, [[[3]], [[3]]]);
  });

  test("a snapshot sees one state, whatever is committed meanwhile, and cannot write", async (t) => {
    const session = await openWithRow(t, { connections: 2 });
    const seen = await session.snapshot(async (query) => {
      const before = await query(read, ["a"]);
      await session.query(write, ["a", 2]);
      await session.query(insert, ["b", 1]);
      return [before, ...(await Promise.all([query(read, ["a"]), query(countRows)]))];
    });
    assert.deepEqual(seen, [[[1]], [[1]], [[1]]]);
    await assert.rejects(
      session.snapshot((query) => query(write, ["a", 3])),
      { code: "store-unavailable" },
    );
    assert.deepEqual(await session.query(read, ["a"]), [[2]]);
  });

  test("a closed session refuses everything, and is closed again without a word", async (t) => {
    const session = await open(t);
    await session.query(readPid);
    await Promise.all([session.close(), session.close()]);
    const closed = refusal("it is closed");
    await assert.rejects(session.query(readPid), closed);
    await assert.rejects(
      session.snapshot((query) => query(readPid)),
      closed,
    );
    await assert.rejects(
      session.transaction((query) => query(readPid)),
      closed,
    );
  });

  test("a wrong password, user or database is refused without a secret or an address", async (t) => {
    const { url } = await startPostgres(t);
    const wrong = (change: (url: URL) => void): string => {
      const other = new URL(url);
      change(other);
      return other.href;
    };
    const refusals = [
      [wrong((other) => Object.assign(other, { password: "hunter2" })), "its database refuses the login"],
      [wrong((other) => Object.assign(other, { username: "nobody" })), "its database refuses the login"],
      [wrong((other) => Object.assign(other, { pathname: "/other" })), "its database does not exist"],
      [wrong((other) => Object.assign(other, { port: "1" })), "its database cannot be reached"],
    ] as const;
    for (const [other, reason] of refusals) {
      const error = await openOn(t, other)
        .query(readPid)
        .catch((thrown) => thrown);
      assert.equal(error.message, refusal(reason).message);
      assert.doesNotMatch(inspect(error, { depth: 10 }), new RegExp(`hunter2|${new URL(url).password}`));
    }
  });

  test("a database that stops under a session is refused until it is there again, and then works by itself", async (t) => {
    const server = await startPostgres(t);
    const session = openOn(t, server.url);
    await session.query(makeTable);
    for (const end of [() => server.stop(), () => server.kill("SIGKILL")]) {
      const using = Promise.withResolvers<void>();
      const under = assert.rejects(
        session.transaction(async (query) => {
          await query(readPid);
          using.resolve();
          await query(sleep, [30]);
        }),
        { code: "store-unavailable" },
      );
      await using.promise;
      await end();
      await under;
      for (let attempt = 0; attempt < 4; attempt += 1) {
        const refused = assert.rejects(session.query(countRows), { code: "store-unavailable" });
        assert.ok((await elapsedMs(refused)) < 4000);
      }
      await server.start();
      assert.deepEqual(await session.query(countRows), [[0]]);
    }
  });

  test("statements that a pooler has lost are asked again, also where several learn it at once", async (t) => {
    const session = await openWithRow(t);
    const both = (asked: Parameters<Session["query"]>[0], values: readonly string[] = []) =>
      Promise.all([session.query(asked, values), session.query(asked, values)]);
    await both(read, ["a"]);
    await both(statement("DEALLOCATE ALL"));
    assert.deepEqual(await both(read, ["a"]), [[[1]], [[1]]]);
  });

  test("a database that takes connections and says nothing is refused in bounded time", async (t) => {
    const server = await startPostgres(t);
    await server.kill("SIGSTOP");
    const session = openOn(t, server.url, { connections: 1 });
    const refusals = Array.from({ length: 2 }, () =>
      assert.rejects(session.query(readPid), refusal("its database cannot be reached")),
    );
    assert.ok((await elapsedMs(Promise.all(refusals))) < 8000);
    await server.kill("SIGCONT");
    await session.query(readPid);
  });
});
