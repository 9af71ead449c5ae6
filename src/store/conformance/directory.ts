import assert from "node:assert/strict";
import { creationOf, taskFactory } from "../../../test/factories.ts";
import { TaskCenterError } from "../../task/error.ts";
import {
  admin,
  createUsers,
  domain,
  first,
  inProject,
  namesOf,
  project,
  sampleProject,
  sampleUser,
  shown,
} from "./samples.ts";
import type { Check } from "./subject.ts";

/** Names in bytewise order, which is neither a dictionary's nor that of UTF-16: there, the last two change places. */
const namesInOrder = ["B", "a", "a b", "aa", "b", "é", "～", "😀"];
const namesInDisorder = ["é", "b", "😀", "aa", "B", "～", "a b", "a"];

const inDefault = { domainId: domain.id };

/** The sentences of the contract that are about the users and projects of a domain. */
export function checkDirectory(check: Check): void {
  check(
    "a user is read back exactly as recorded, and listed without the proof of the password",
    async (subject) => {
      const { identity } = subject;
      await identity.createFirstIdentity(first);
      const users = [
        sampleUser("bob", { description: "Robert O'Neill 😀", email: "bob@example.com" }),
        sampleUser("carol", { enabled: false }),
      ];
      await createUsers(identity, ...users);
      for (const user of users) assert.deepEqual(await identity.findUser({ id: user.id }), user);
      assert.deepEqual(await identity.listUsers(inDefault), [admin, ...users].map(shown));
    },
  );

  check("a project is read back exactly as it was recorded", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    const disabled = sampleProject("off", { description: "Not in use", enabled: false });
    await identity.createProject(disabled);
    assert.deepEqual(await identity.findProject({ id: disabled.id }), disabled);
    assert.deepEqual(await identity.listProjects(inDefault), [project, disabled]);
  });

  check("users and projects are listed by name, bytewise, and ids are too", async ({ identity }) => {
    await identity.createFirstIdentity({ ...first, user: sampleUser("0"), project: sampleProject("0") });
    const projects = namesInDisorder.map((name) => sampleProject(name, { id: `${name} as id` }));
    await createUsers(identity, ...namesInDisorder.map((name) => sampleUser(name)));
    await Promise.all(projects.map((each) => identity.createProject(each)));
    for (const { id } of projects) {
      const scope = { kind: "project", projectId: id } as const;
      await identity.grantRole({ userId: sampleUser("0").id, scope, role: "reader" });
    }
    const expected = ["0", ...namesInOrder];
    assert.deepEqual(namesOf(await identity.listUsers(inDefault)), expected);
    assert.deepEqual(namesOf(await identity.listProjects(inDefault)), expected);
    assert.deepEqual(namesOf(await identity.listProjectsOfUser(sampleUser("0").id)), expected);
    const ids = await identity.listProjectIds();
    assert.deepEqual(ids, [
      "B as id",
      "a as id",
      "a b as id",
      "aa as id",
      "b as id",
      "id of project 0",
      "é as id",
      "～ as id",
      "😀 as id",
    ]);
  });

  check(
    "of a domain, the one with a name is listed, to the byte; of no domain, none",
    async ({ identity }) => {
      await identity.createFirstIdentity(first);
      await createUsers(identity, sampleUser("Admin"), sampleUser("admin "));
      assert.deepEqual(await identity.listUsers({ ...inDefault, name: "admin" }), [shown(admin)]);
      assert.deepEqual(await identity.listUsers({ ...inDefault, name: "ADMIN" }), []);
      assert.deepEqual(await identity.listProjects({ ...inDefault, name: project.name }), [project]);
      assert.deepEqual(await identity.listProjects({ ...inDefault, name: "" }), []);
      assert.deepEqual(await identity.listUsers({ domainId: domain.name }), []);
      assert.deepEqual(await identity.listProjects({ domainId: domain.name }), []);
      assert.deepEqual(await identity.listUsers({ ...inDefault, name: undefined }).then(namesOf), [
        "Admin",
        "admin",
        "admin ",
      ]);
    },
  );

  check(
    "a change of a user changes what is given, and answers how the user stands then",
    async ({ identity }) => {
      await identity.createFirstIdentity(first);
      let expected = sampleUser("bob", { description: "Robert", email: "bob@example.com" });
      await identity.createUser(expected);
      const changes = [
        { name: "Bob" },
        { description: "" },
        { email: "robert@example.com" },
        { enabled: false },
        { passwordHash: "new hash" },
        { enabled: true },
        { name: undefined, description: undefined, email: undefined, enabled: undefined },
        { name: "rob", description: "Rob", email: "", enabled: false, passwordHash: "newer hash" },
      ];
      for (const change of changes) {
        const given = Object.entries(change).filter(([, value]) => value !== undefined);
        expected = { ...expected, ...Object.fromEntries(given) };
        assert.deepEqual(await identity.updateUser(expected.id, change), shown(expected));
        assert.deepEqual(await identity.findUser({ id: expected.id }), expected);
      }
      assert.deepEqual(await identity.findUser({ id: admin.id }), admin);
    },
  );

  check(
    "a change of a project changes what is given, and answers how it stands then",
    async ({ identity }) => {
      await identity.createFirstIdentity(first);
      let expected = sampleProject("other", { description: "Another one" });
      await identity.createProject(expected);
      const changes = [
        { name: "Other" },
        { description: "" },
        { enabled: false },
        { enabled: true },
        { name: undefined, description: undefined, enabled: undefined },
        { name: "third", description: "The third one", enabled: false },
      ];
      for (const change of changes) {
        const given = Object.entries(change).filter(([, value]) => value !== undefined);
        expected = { ...expected, ...Object.fromEntries(given) };
        assert.deepEqual(await identity.updateProject(expected.id, change), expected);
        assert.deepEqual(await identity.findProject({ id: expected.id }), expected);
      }
      assert.deepEqual(await identity.findProject({ id: project.id }), project);
    },
  );

  check("a project that is disabled or was deleted takes no more tasks", async ({ identity, tasks }) => {
    await identity.createFirstIdentity(first);
    const other = sampleProject("other");
    await identity.createProject(other);
    const create = (id: string) =>
      tasks.createTask(creationOf(taskFactory.running({ id, projectId: other.id })));
    const isRefused = { code: "forbidden" };
    await create("1");
    await identity.updateProject(other.id, { enabled: false });
    await assert.rejects(create("2"), isRefused);
    await identity.updateProject(other.id, { enabled: true });
    await tasks.deleteTask({ projectId: other.id, id: "1" });
    // Of a deletion and a creation at once the first one decides: no task is left without its project.
    const third = { projectId: other.id, id: "3" };
    const [deleted, created] = await Promise.allSettled([identity.deleteProject(other.id), create(third.id)]);
    if (deleted.status === "fulfilled") {
      assert.equal(deleted.value, true);
      assert.equal(created.status === "rejected" && created.reason.code, "forbidden");
      assert.equal(await tasks.getTask(third), undefined);
    } else {
      assert.equal(deleted.reason.code, "conflict");
      assert.equal(created.status, "fulfilled");
      await tasks.deleteTask(third);
      assert.equal(await identity.deleteProject(other.id), true);
    }
    await assert.rejects(create("4"), isRefused);
  });

  check(
    "a user is changed only as its condition saw it, and not at all where that throws",
    async (subject) => {
      const { identity } = subject;
      await identity.createFirstIdentity(first);
      const moved = new TaskCenterError("conflict", "it has moved");
      const seen: unknown[] = [];
      const change = identity.updateUser(admin.id, { name: "root" }, (current) => {
        seen.push(current);
        throw moved;
      });
      await assert.rejects(change, (error) => error === moved);
      assert.deepEqual(seen, [admin]);
      assert.deepEqual(await identity.findUser({ id: admin.id }), admin);
      const renamed = await identity.updateUser(admin.id, { name: "root" }, () => undefined);
      assert.equal(renamed?.name, "root");
      assert.equal(await identity.updateUser("nobody", {}, () => assert.fail("asked")), undefined);
    },
  );

  check("a name that another user has is refused, and nothing changes", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    const bob = sampleUser("bob");
    await identity.createUser(bob);
    const refusal = { code: "conflict", message: 'A user named "admin" exists already.' };
    await assert.rejects(identity.createUser(sampleUser("admin", { id: "second-id" })), refusal);
    await assert.rejects(identity.updateUser(bob.id, { name: "admin", enabled: false }), refusal);
    assert.deepEqual(await identity.findUser({ id: bob.id }), bob);
    assert.equal(await identity.findUser({ id: "second-id" }), undefined);
  });

  check("a name that another project has is refused, and nothing changes", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    const other = sampleProject("other");
    await identity.createProject(other);
    const refusal = { code: "conflict", message: 'A project named "eu-de" exists already.' };
    await assert.rejects(identity.createProject(sampleProject("eu-de", { id: "second-id" })), refusal);
    await assert.rejects(identity.updateProject(other.id, { name: "eu-de", enabled: false }), refusal);
    assert.deepEqual(await identity.findProject({ id: other.id }), other);
    assert.equal(await identity.findProject({ id: "second-id" }), undefined);
  });

  check(
    "a name is free in another case, for what has it, for the other kind, and once given up",
    async (subject) => {
      const { identity } = subject;
      await identity.createFirstIdentity(first);
      await createUsers(identity, sampleUser("Admin"), sampleUser(project.name));
      await identity.createProject(sampleProject(admin.name));
      await identity.updateUser(admin.id, { name: admin.name });
      await identity.updateProject(project.id, { name: project.name });
      await identity.updateUser(admin.id, { name: "root" });
      await identity.createUser(sampleUser("admin", { id: "second-id" }));
      await identity.deleteUser("second-id");
      await identity.createUser(sampleUser("admin", { id: "third-id" }));
      assert.deepEqual(namesOf(await identity.listUsers(inDefault)), ["Admin", "admin", "eu-de", "root"]);
    },
  );

  check("of many creations with one name at once, one is recorded", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    const creations = Array.from({ length: 8 }, (_, index) => [
      identity.createUser(sampleUser("bob", { id: `user-${index}` })),
      identity.createProject(sampleProject("other", { id: `project-${index}` })),
    ]).flat();
    const settled = await Promise.allSettled(creations);
    assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 2);
    assert.equal((await identity.listUsers(inDefault)).length, 2);
    assert.equal((await identity.listProjects(inDefault)).length, 2);
  });

  check("a user or project of no known domain is not recorded", async ({ identity }) => {
    await identity.createFirstIdentity(first);
    const unknown = { id: "unknown-id", name: "Unknown" };
    await assert.rejects(identity.createUser(sampleUser("bob", { domain: unknown })));
    await assert.rejects(identity.createProject(sampleProject("other", { domain: unknown })));
    assert.equal(await identity.findUser({ id: sampleUser("bob").id }), undefined);
    assert.deepEqual(await identity.listProjectIds(), [project.id]);
  });

  check("a disabled project is not among a user's projects, and its tasks are kept", async (subject) => {
    const { identity, tasks } = subject;
    await identity.createFirstIdentity(first);
    const creation = creationOf(taskFactory.running({ projectId: project.id }));
    await tasks.createTask(creation);
    await identity.updateProject(project.id, { enabled: false });
    assert.deepEqual(await identity.listProjectsOfUser(admin.id), []);
    assert.deepEqual(await identity.listProjectIds(), [project.id]);
    assert.deepEqual(await tasks.getTask(creation.task), creation.task);
    const enabled = await identity.updateProject(project.id, { enabled: true });
    assert.deepEqual(await identity.listProjectsOfUser(admin.id), [enabled]);
  });

  check("a project with tasks is not deleted, until the last of them is", async ({ identity, tasks }) => {
    await identity.createFirstIdentity(first);
    const creation = creationOf(taskFactory.completed({ projectId: project.id }));
    await tasks.createTask(creation);
    await assert.rejects(identity.deleteProject(project.id), {
      code: "conflict",
      message: "The project has tasks; disable it instead.",
    });
    assert.deepEqual(await identity.findProject({ id: project.id }), project);
    assert.deepEqual((await identity.findStanding(admin.id, inProject))?.roles, ["admin"]);
    await tasks.deleteTask(creation.task);
    assert.equal(await identity.deleteProject(project.id), true);
    assert.equal(await identity.deleteProject(project.id), false);
    assert.equal(await identity.findProject({ id: project.id }), undefined);
    assert.deepEqual(await identity.listProjectsOfUser(admin.id), []);
  });

  check("the keys of a deleted project are forgotten in steps, and no other's", async (subject) => {
    const { identity, tasks } = subject;
    await identity.createFirstIdentity(first);
    const gone = sampleProject("gone").id;
    await identity.createProject(sampleProject("gone"));
    const create = (projectId: string, key: string) =>
      tasks.createTask(
        creationOf(taskFactory.running({ projectId, id: `task-${key}` }), { idempotencyKey: key }),
      );
    for (const key of ["a", "b", "Z"]) {
      for (const projectId of [gone, project.id]) {
        await create(projectId, key);
        await tasks.deleteTask({ projectId, id: `task-${key}` });
      }
    }
    const forget = (projectId: string, after: string) =>
      identity.forgetCreations({ projectId, after, limit: 2 });
    assert.deepEqual(await identity.listDeletedProjectIds(), []);
    assert.equal(await forget(gone, ""), undefined);
    assert.equal((await create(gone, "a")).foundBy, "key");
    assert.equal(await identity.deleteProject(gone), true);
    assert.deepEqual(await identity.listDeletedProjectIds(), [gone]);
    assert.deepEqual(
      [await forget(gone, ""), await forget(gone, "a"), await forget(gone, "b"), await forget(gone, "")],
      ["a", "b", undefined, undefined],
    );
    assert.equal(await forget(project.id, ""), undefined);
    assert.equal((await create(project.id, "a")).foundBy, "key");
  });
}
