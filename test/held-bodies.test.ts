import assert from "node:assert/strict";
import { connect } from "node:net";
import test, { type TestContext } from "node:test";
import { roleId } from "../src/http/iam/documents.ts";
import { type SignatureForm, signatureForms, signedHeaders, type TestKey } from "./identities.ts";
import { inProject, type Method, type OpenIam, openIam, projectScope } from "./open-iam.ts";
import { cheapHash, domain, project } from "./open-identity.ts";

/**
 * Requests that begin with a good proof and whose body comes late: what was taken away in between is gone, and nothing
 * is written by whoever may no longer.
 */
interface HeldCall {
  readonly method: Method;
  readonly path: string;
  readonly body: object;
  /** What it answers where nothing is taken away. */
  readonly done: number;
}

/** About the first project, and about Ben. */
const calls: readonly HeldCall[] = [
  {
    method: "POST",
    path: `/v1/${project.id}/tasks`,
    body: { id: "held", service: "rds", name: "BackupInstance", instance: { id: "in-1" } },
    done: 201,
  },
  {
    method: "PUT",
    path: `/v3/projects/${project.id}/users/id-of-ben/roles/${roleId("reader")}`,
    body: {},
    done: 204,
  },
  { method: "POST", path: "/v3/users", body: { user: { name: "held" } }, done: 201 },
  { method: "PATCH", path: "/v3/users/id-of-ben", body: { user: { description: "held" } }, done: 200 },
  {
    method: "POST",
    path: "/v3.0/OS-CREDENTIAL/credentials",
    body: { credential: { user_id: "id-of-ben" } },
    done: 201,
  },
  {
    method: "POST",
    path: "/v3.0/OS-CREDENTIAL/securitytokens",
    body: { auth: { identity: { methods: ["token"] } } },
    done: 201,
  },
];

/** A server with Ann, who may everything that the first user may, and with Ben, who may nothing. */
interface Scene extends OpenIam {
  readonly url: string;
  readonly annsToken: string;
  readonly annsKey: TestKey;
}

const ann = "id-of-ann";
const inDomain = { kind: "domain", domainId: domain.id } as const;

async function openScene(context: TestContext): Promise<Scene> {
  const iam = await openIam(context);
  await iam.addUser("ann", [
    { scope: inProject, role: "admin" },
    { scope: inDomain, role: "admin" },
  ]);
  await iam.addUser("ben");
  const annsToken = await iam.logIn(projectScope, { name: "ann" });
  const made = await iam.call("POST", "/v3.0/OS-CREDENTIAL/credentials", {
    token: annsToken,
    body: { credential: {} },
  });
  const url = `http://127.0.0.1:${await iam.listen()}`;
  return { ...iam, url, annsToken, annsKey: made.json.credential };
}

/** How Ann shows who she is, in the headers of a call. */
type Proof = (scene: Scene, call: HeldCall) => Readonly<Record<string, string>>;

const byToken: Proof = ({ annsToken }) => ({ "x-auth-token": annsToken });
const bySignature =
  (form: SignatureForm, isBodySigned = true): Proof =>
  ({ url, annsKey, nowMs }, { method, path, body }) =>
    signedHeaders({
      key: annsKey,
      method,
      url: url + path,
      body: isBodySigned ? JSON.stringify(body) : { unsigned: true },
      nowMs: nowMs(),
      form,
    });

const signatures: Readonly<Record<string, Proof>> = {
  ...Object.fromEntries(signatureForms.map((form) => [`a signature in the ${form} form`, bySignature(form)])),
  "a signature that leaves the body open": bySignature("Access", false),
};

/** Sends the head and half of the body; resolves once the server has read the head. */
async function hold({ url }: Scene, call: HeldCall, proof: Readonly<Record<string, string>>) {
  const { host, hostname, port } = new URL(url);
  const body = JSON.stringify(call.body);
  const headers = {
    host,
    "content-type": "application/json",
    "content-length": `${Buffer.byteLength(body)}`,
    // The server says when it has read the head.
    expect: "100-continue",
    connection: "close",
    ...proof,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const socket = connect({ host: hostname, port: Number(port) });
  let received = "";
  socket.setEncoding("utf8");
  const ended = new Promise<void>((resolve, reject) => socket.on("end", resolve).on("error", reject));
  const continued = new Promise<void>((resolve) =>
    socket.on("data", (text) => {
      received += text;
      if (received.includes("100 Continue")) resolve();
    }),
  );
  const half = body.length / 2;
  socket.write([`${call.method} ${call.path} HTTP/1.1`, ...lines, "", body.slice(0, half)].join("\r\n"));
  await continued;
  assert.ok(!/HTTP\/1\.1 [2-5]/.test(received), "the proof is good so far");
  return {
    /** Sends the rest, and answers the status. */
    async finish(): Promise<number> {
      socket.end(body.slice(half));
      await ended;
      return Number(/HTTP\/1\.1 ([2-5]\d\d)/.exec(received)?.[1]);
    },
  };
}

/** Begins every call, takes something away, and ends the calls. */
async function statusesAfter(
  context: TestContext,
  proof: Proof,
  takeAway: (scene: Scene) => Promise<unknown>,
): Promise<Readonly<{ statuses: readonly number[]; written: readonly string[] }>> {
  const scene = await openScene(context);
  const held = await Promise.all(calls.map((call) => hold(scene, call, proof(scene, call))));
  await takeAway(scene);
  const statuses: number[] = [];
  for (const { finish } of held) statuses.push(await finish());
  return { statuses, written: await written(scene) };
}

/** What the calls have written. */
async function written({ store, tasks }: Scene): Promise<readonly string[]> {
  const users = await store.listUsers({ domainId: domain.id });
  const found = {
    task: await tasks.getTask({ projectId: project.id, id: "held" }),
    role: (await store.findStanding("id-of-ben", inProject))?.roles[0],
    user: users.find(({ name }) => name === "held"),
    description: users.find(({ description }) => description === "held"),
    key: (await store.listAccessKeys("id-of-ben"))[0],
  };
  return Object.entries(found).flatMap(([name, thing]) => (thing === undefined ? [] : [name]));
}

const everything = ["task", "role", "user", "description", "key"];
const none = calls.map(() => 401);

for (const [name, proof] of Object.entries({ "a token": byToken, ...signatures })) {
  test(`with ${name} a body that comes late is as good as any while nothing is taken away`, async (context) => {
    const outcome = await statusesAfter(context, proof, async () => undefined);
    assert.deepEqual(outcome, { statuses: calls.map(({ done }) => done), written: everything });
  });
}

const disableUser = ({ store }: Scene) => store.updateUser(ann, { enabled: false });
const deleteUser = ({ store }: Scene) => store.deleteUser(ann);
const removeRoles = async ({ store }: Scene) => {
  for (const scope of [inProject, inDomain]) await store.revokeRole({ userId: ann, scope, role: "admin" });
};
const disableProject = ({ store }: Scene) => store.updateProject(project.id, { enabled: false });
const deleteProject = ({ store }: Scene) => store.deleteProject(project.id);

const lossesOfToken: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  "the user is disabled": disableUser,
  "the user is deleted": deleteUser,
  "the roles are removed": removeRoles,
  "the password is changed": ({ store }) => store.updateUser(ann, { passwordHash: cheapHash }),
  "the token is revoked": ({ identity, annsToken }) => identity.revokeToken(annsToken),
  "the token has expired": async ({ advance }) => advance(25 * 60 * 60 * 1000),
  "the project is disabled": disableProject,
  "the project is deleted": deleteProject,
};

for (const [loss, takeAway] of Object.entries(lossesOfToken)) {
  test(`with a token nothing is written when ${loss} before the body is whole`, async (context) => {
    assert.deepEqual(await statusesAfter(context, byToken, takeAway), { statuses: none, written: [] });
  });
}

test("with a token nothing is administered when its user's domain role is removed before the body is whole", async (context) => {
  const takeAway = ({ store }: Scene) => store.revokeRole({ userId: ann, scope: inDomain, role: "admin" });
  const outcome = await statusesAfter(context, byToken, takeAway);
  assert.deepEqual(outcome, { statuses: [201, 403, 403, 403, 403, 201], written: ["task"] });
});

const lossesOfKey: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  "the user is disabled": disableUser,
  "the user is deleted": deleteUser,
  "the key is deleted": ({ store, annsKey }) => store.deleteAccessKey(annsKey.access),
};

for (const [name, proof] of Object.entries(signatures)) {
  for (const [loss, takeAway] of Object.entries(lossesOfKey)) {
    test(`with ${name} nothing is written when ${loss} before the body is whole`, async (context) => {
      assert.deepEqual(await statusesAfter(context, proof, takeAway), { statuses: none, written: [] });
    });
  }

  test(`with ${name} nothing is written when the roles are removed before the body is whole`, async (context) => {
    const { statuses, written: left } = await statusesAfter(context, proof, removeRoles);
    // Without any role a user still has temporary keys, with which they may nothing.
    assert.deepEqual(statuses, [403, 403, 403, 403, 403, 201]);
    assert.deepEqual(left, []);
  });

  for (const [loss, takeAway] of Object.entries({ disabled: disableProject, deleted: deleteProject })) {
    test(`with ${name} no task is written when the project is ${loss} before the body is whole`, async (context) => {
      const { statuses, written: left } = await statusesAfter(context, proof, takeAway);
      assert.equal(statuses[0], 403);
      assert.ok(!left.includes("task"));
    });
  }
}
