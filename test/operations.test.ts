import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { openSession, statement } from "../src/store/postgres/session.ts";
import { openPostgresStore } from "../src/store/postgres/store.ts";
import { openMigratedDatabase, postgresServers } from "./postgres.ts";

const folder = join(import.meta.dirname, "..", "docs", "operations");
const pages = readdirSync(folder).filter((file) => file.endsWith(".md"));

/** The statements of a page, as they stand in its blocks. */
function statementsOf(page: string): readonly string[] {
  const blocks = readFileSync(join(folder, page), "utf8").matchAll(/^ *```sql\n(.*?)^ *```$/gms);
  return [...blocks]
    .flatMap(([, block = ""]) => block.split(/;\n/).map((text) => text.trim()))
    .filter(Boolean);
}

for (const { name, version } of postgresServers) {
  test(`every statement of the operations guide runs on ${name}`, async (t) => {
    const { url } = await openMigratedDatabase(t, version);
    const session = openSession({ url, connections: 1, onTrouble: () => {} });
    t.after(() => session.close());
    let ran = 0;
    for (const page of pages) {
      for (const text of statementsOf(page)) {
        await session
          .query(statement(text))
          .catch((error) => assert.fail(`${page}: ${text}: ${error.cause}`));
        ran += 1;
      }
    }
    assert.ok(ran > 10, `only ${ran} statements ran`);
  });
}

test("the guide's query for who leads names the server that does", async (t) => {
  const { url } = await openMigratedDatabase(t);
  const session = openSession({ url, connections: 1, onTrouble: () => {} });
  t.after(() => session.close());
  const [query = ""] = statementsOf("monitoring.md").filter((text) => text.includes("taskcenter leads"));
  const store = await openPostgresStore({ url, clock: () => 0, onTrouble: () => {} });
  for (const work of ["overdue tasks", "retention"]) {
    const leaders = await store.lead(work, () => session.query(statement(query)));
    assert.equal(leaders?.length, 1, work);
  }
  assert.equal((await session.query(statement(query))).length, 0);
  await store.close();
});

test("every page of the operations guide is in its index", () => {
  const index = readFileSync(join(folder, "README.md"), "utf8");
  const missing = pages.filter((page) => page !== "README.md" && !index.includes(`](${page})`));
  assert.deepEqual(missing, []);
});
