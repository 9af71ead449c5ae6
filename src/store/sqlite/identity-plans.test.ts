import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, StatementSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import { admin, first, inDomain, inProject, sampleKey, sampleToken } from "../conformance/samples.ts";
import type { IdentityStore } from "../store.ts";
import { openSqliteStore } from "./store.ts";

/** A store with the first identity, a token and an access key, and another connection to explain its statements. */
async function openStore(
  t: TestContext,
): Promise<{ readonly identity: IdentityStore; readonly engine: DatabaseSync }> {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-plans-"));
  const path = join(folder, "store.db");
  const store = await openSqliteStore({ path, clock: () => 0 });
  const engine = new DatabaseSync(path);
  t.after(async () => {
    engine.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  await store.identity.createFirstIdentity(first);
  await store.identity.createToken(sampleToken({ hash: "hash" }));
  await store.identity.createAccessKey(sampleKey({ access: "access" }));
  return { identity: store.identity, engine };
}

/** Records the text of every question to the engine until the test ends. */
function recordQuestions(t: TestContext): readonly string[] {
  const asked: string[] = [];
  for (const method of ["get", "all"] as const) {
    const ask = StatementSync.prototype[method];
    t.mock.method(
      StatementSync.prototype,
      method,
      function (this: StatementSync, ...values: SQLInputValue[]) {
        asked.push(this.sourceSQL);
        return Reflect.apply(ask, this, values);
      },
    );
  }
  return asked;
}

/** A look-up by a primary key or the columns with which it begins, or by an index that holds the same columns. */
const lookUp = /^SEARCH \w+ USING (INDEX sqlite_autoindex_\w+_1|PRIMARY KEY|COVERING INDEX \w+) \([^<>]+\)$/;

/** What every request asks about its sender. */
const hotQuestions: Readonly<Record<string, (identity: IdentityStore) => Promise<unknown>>> = {
  "a token": (identity) => identity.findToken("hash"),
  "a standing in a project": (identity) => identity.findStanding(admin.id, inProject),
  "a standing in a domain": (identity) => identity.findStanding(admin.id, inDomain),
  "an access key": (identity) => identity.findAccessKey("access"),
};

for (const [thing, find] of Object.entries(hotQuestions)) {
  test(`${thing} is found by keys alone, and not looked up again before the next change`, async (t) => {
    const { identity, engine } = await openStore(t);
    const asked = recordQuestions(t);
    assert.notEqual(await find(identity), undefined);
    const firstQuestions = [...asked];
    await find(identity);
    assert.equal(asked.length, firstQuestions.length);
    await identity.grantRole({ userId: admin.id, scope: inProject, role: "admin" });
    const beforeThird = asked.length;
    await find(identity);
    assert.deepEqual(asked.slice(beforeThird), firstQuestions);
    t.mock.restoreAll();
    const steps = firstQuestions.flatMap((sql) => planOf(engine, sql));
    assert.ok(steps.length > 0);
    assert.deepEqual(
      steps.filter((step) => !lookUp.test(step)),
      [],
    );
  });
}

function planOf(engine: DatabaseSync, sql: string): readonly string[] {
  return engine
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail));
}
