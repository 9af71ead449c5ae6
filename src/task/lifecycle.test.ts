import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type LifecycleName,
  type LifecycleSubject,
  lifecycleOf,
  lifecycles,
  type StatusRule,
  statusesMeaning,
  statusesOf,
  statusMeanings,
  statusRule,
  type TaskStatus,
  taskStatuses,
} from "./lifecycle.ts";

/** The contract's table, written down a second time: kind, status, state, executed, ended, what may follow, operations. */
const contract = `
instant   Running         running   yes -   Completed,Failed,Canceled                            cancel
instant   Completed       succeeded -   yes -                                                    -
instant   Failed          failed    -   yes -                                                    -
instant   Canceled        canceled  -   yes -                                                    -
shard     Running         running   yes -   Expanding,ToBeSwitched,Completed,Failed,Canceling    cancel
shard     Expanding       running   yes -   Running,ToBeSwitched,Completed,Failed,Canceling      cancel
shard     ToBeSwitched    running   -   -   Switching,Canceling,Failed                           cancel,modify_switching_strategy,switch
shard     Switching       running   yes -   ToBeCleaned,Completed,Failed                         -
shard     ToBeCleaned     running   -   -   Completed,Failed                                     clean
shard     Canceling       running   yes -   CancelSuccess,Failed                                 -
shard     Rollbacking     running   yes -   RollbackSuccess,Failed                               -
shard     Completed       succeeded -   yes -                                                    -
shard     CancelSuccess   canceled  -   yes -                                                    -
shard     RollbackSuccess canceled  -   yes -                                                    -
shard     Failed          failed    -   yes Canceling,Rollbacking                                cancel,retry,rollback
scheduled Initing         pending   -   -   Pending,Unauthorized,Failed,Canceled                 cancel
scheduled Unauthorized    pending   -   -   Pending,Canceled                                     cancel,approve
scheduled Pending         pending   -   -   Running,Failed,Canceled                              cancel
scheduled Running         running   yes -   Completed,Failed,Canceled                            cancel
scheduled Completed       succeeded -   yes -                                                    -
scheduled Failed          failed    -   yes -                                                    -
scheduled Canceled        canceled  -   yes -                                                    -
`
  .trim()
  .split("\n")
  .map((line) => line.split(/\s+/));

const words = (list: string | undefined): string[] =>
  list === undefined || list === "-" ? [] : list.split(",");

const subjects: Readonly<Record<LifecycleName, LifecycleSubject>> = {
  instant: { service: "geminidb", kind: "instant", name: "CreateInstance" },
  shard: { service: "ddm", kind: "instant", name: "migrateLogicDb" },
  scheduled: { service: "rds", kind: "scheduled", name: "ResizeInstance" },
};

for (const [kind, status, state, executed, ended, next, operations] of contract) {
  test(`${kind} ${status} is ${state}, and leads where the contract says`, () => {
    const rule = statusRule(subjects[kind as LifecycleName], status as TaskStatus);
    assert.deepEqual(
      { ...rule, mayBecome: [...(rule?.mayBecome ?? [])].sort() },
      {
        state,
        executed: executed === "yes",
        ended: ended === "yes",
        mayBecome: words(next).sort(),
        operations: words(operations),
      },
    );
  });
}

test("no life has a status that the contract does not list", () => {
  const listed = Object.fromEntries(
    Object.keys(lifecycles).map((name) => [
      name,
      contract.filter(([kind]) => kind === name).map(([, status]) => status),
    ]),
  );
  for (const [name, subject] of Object.entries(subjects)) {
    assert.deepEqual([...statusesOf(subject)].sort(), listed[name]?.sort());
  }
});

test("a status word means the same in every life", () => {
  for (const lifecycle of Object.values(lifecycles)) {
    for (const [status, rule] of Object.entries<StatusRule>(lifecycle)) {
      const { state, executed, ended } = statusMeanings[status as TaskStatus];
      assert.deepEqual(
        { state: rule.state, executed: rule.executed, ended: rule.ended },
        { state, executed, ended },
        status,
      );
    }
  }
  assert.deepEqual(Object.keys(statusMeanings).sort(), [...taskStatuses].sort());
});

test("every status that may follow is a word of the same life", () => {
  for (const lifecycle of Object.values(lifecycles)) {
    for (const rule of Object.values<StatusRule>(lifecycle)) {
      for (const next of rule.mayBecome) assert.ok(next in lifecycle, next);
    }
  }
});

test("only DDM's instant migrateLogicDb and retryMigrateLogicDb are shard configuration", () => {
  assert.equal(lifecycleOf({ service: "ddm", kind: "instant", name: "migrateLogicDb" }), "shard");
  assert.equal(lifecycleOf({ service: "ddm", kind: "instant", name: "retryMigrateLogicDb" }), "shard");
  assert.equal(lifecycleOf({ service: "ddm", kind: "instant", name: "CreateInstance" }), "instant");
  assert.equal(lifecycleOf({ service: "rds", kind: "instant", name: "migrateLogicDb" }), "instant");
  assert.equal(lifecycleOf({ service: "rds", kind: "scheduled", name: "migrateLogicDb" }), "scheduled");
});

test("a state stands for all its status words", () => {
  assert.deepEqual(statusesMeaning(["canceled"]), ["CancelSuccess", "RollbackSuccess", "Canceled"]);
  assert.deepEqual(statusesMeaning([]), []);
});
