import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import test from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { openMigratedDatabase, openTestDatabase, postgresServers, startPostgres } from "./postgres.ts";

async function ask(url: string, text: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query({ text, rowMode: "array" });
    return rows;
  } finally {
    await client.end();
  }
}

const countTables = "SELECT count(*)::integer FROM pg_tables WHERE schemaname = 'public'";

for (const { name, version } of postgresServers) {
  test(`a test's database of ${name} is empty or has the schema, and goes with the test`, async (t) => {
    let url = "";
    await t.test("the test", async (inner) => {
      const [empty, migrated] = [
        await openTestDatabase(inner, version),
        await openMigratedDatabase(inner, version),
      ];
      assert.deepEqual(await ask(empty.url, countTables), [[0]]);
      const [[tables] = []] = (await ask(migrated.url, countTables)) as readonly [number][];
      assert.ok(Number(tables) > 10);
      url = migrated.url;
    });
    await assert.rejects(ask(url, countTables), { code: "3D000" });
  });
}

test("a server of a test's own keeps what was committed when it is killed", async (t) => {
  const server = await startPostgres(t, { settings: { max_connections: "7" } });
  await ask(server.url, "CREATE TABLE kept AS SELECT 1 AS value");
  for (const end of [() => server.kill("SIGKILL"), () => server.stop()]) {
    await end();
    await assert.rejects(ask(server.url, "SELECT 1"), { code: "ECONNREFUSED" });
    await server.start();
    assert.deepEqual(await ask(server.url, "SELECT value FROM kept"), [[1]]);
  }
  assert.deepEqual(await ask(server.url, "SHOW max_connections"), [["7"]]);
});

test("servers and their files end with the process that asked for them, even by kill -9", async (t) => {
  const code = `
    import { connect } from "node:net";
    import { startKeeper } from ${JSON.stringify(new URL("postgres.ts", import.meta.url).href)};
    const { path } = await startKeeper();
    const socket = connect(path);
    socket.write(JSON.stringify({ do: "share", version: 18 }) + "\\n");
    socket.on("data", (answer) => console.log(JSON.stringify({ path, ...JSON.parse(answer) })));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [said] = await once(child.stdout, "data");
  const { path, port } = JSON.parse(String(said)) as { path: string; port: number };
  assert.ok(await isListening(port));
  child.kill("SIGKILL");
  const isThere = async (): Promise<boolean> => existsSync(dirname(path)) || (await isListening(port));
  for (let waitedMs = 0; (await isThere()) && waitedMs < 20_000; waitedMs += 50) await wait(50);
  assert.ok(!(await isThere()));
});

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isOpen = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}
