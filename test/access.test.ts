import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { roleId } from "../src/http/iam/documents.ts";
import { roleNames } from "../src/store/store.ts";
import {
  type Actor,
  actors,
  addressOf,
  allowed,
  calls,
  callsOfTasks,
  type Fresh,
  nowMs,
} from "./access-table.ts";
import { sessionHeaders } from "./console-session.ts";
import {
  addUser,
  createAccessKey,
  signatureForms,
  signedHeaders,
  type TestKey,
  type TestUser,
} from "./identities.ts";
import { openApp } from "./open-app.ts";
import { openIdentity } from "./open-identity.ts";
import { makeSmallConsole } from "./small-console.ts";
import { type Answer, callServer, projectId, startServer, type TestServer } from "./start-server.ts";

/**
 * The table of access, walked: every call that the server has, by everybody who has some proof, and with every proof
 * that is no good. A call that is missing in the table fails the test.
 */

/** A request before somebody shows who they are. */
interface Ask {
  readonly method: string;
  readonly url: string;
  readonly body?: string | undefined;
}

/** Somebody with something to show. */
interface Caller {
  readonly name: string;
  /** Whose rights that gives; undefined where it is no good. */
  readonly rights: Actor | undefined;
  readonly isTemporary?: true;
  /** Whether they ask by the addresses of the console's page. */
  readonly throughConsole?: true;
  /** Whether they show a session that is good where sessions count. */
  readonly hasSession?: true;
  /** A token of the same user. */
  readonly token: string;
  readonly prove: (ask: Ask) => Readonly<Record<string, string>>;
}

const dayMs = 24 * 60 * 60 * 1000;
const minuteMs = 60 * 1000;
let clockMs = nowMs - dayMs;
let server: TestServer;
let root: TestServer;
let bystander: string;
let bystandersKey: TestKey;
let foreign: string;
let readersToken: string;
const callers: Caller[] = [];
const small = makeSmallConsole();

const withToken =
  (token: string): Caller["prove"] =>
  () => ({ "x-auth-token": token });
const withSession =
  (token: string): Caller["prove"] =>
  () =>
    sessionHeaders(token);
const withKey =
  (
    key: TestKey,
    options: { readonly form?: "Access" | "Credential"; readonly agoMs?: number } = {},
  ): Caller["prove"] =>
  (ask) =>
    signedHeaders({ ...ask, key, nowMs: nowMs - (options.agoMs ?? 0), form: options.form ?? "Access" });

/** Makes something as the server's admin, and answers what the server says of it. */
async function make(path: string, body: object) {
  const answer = await root.call(path, { body });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

const newUser = async (name: string): Promise<string> =>
  (await make("/v3/users", { user: { name } })).user.id;
const newProject = async (name: string): Promise<string> =>
  (await make("/v3/projects", { project: { name } })).project.id;

async function grant(userId: string, place: string, role: (typeof roleNames)[number]): Promise<void> {
  const path = `/v3/${place}/users/${userId}/roles/${roleId(role)}`;
  assert.equal((await root.call(path, { method: "PUT" })).status, 204);
}

async function exchange(token: string, project?: string): Promise<string> {
  const identity = { methods: ["token"], token: { id: token } };
  const scope = project === undefined ? {} : { scope: { project: { id: project } } };
  const answer = await server.call("/v3/auth/tokens", {
    body: { auth: { identity, ...scope } },
    token: null,
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.headers.get("x-subject-token") ?? "";
}

async function temporaryKey(token: string): Promise<TestKey> {
  const body = { auth: { identity: { methods: ["token"] } } };
  const answer = await server.call("/v3.0/OS-CREDENTIAL/securitytokens", { body, token });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.credential;
}

async function revoke(token: string): Promise<void> {
  const headers = { "x-subject-token": token };
  assert.equal((await server.call("/v3/auth/tokens", { method: "DELETE", token, headers })).status, 204);
}

const homeOf = (actor: Actor): object => {
  if (actor === "administrator") return { domain: { id: "default" } };
  return { project: { id: actor === "stranger" ? foreign : projectId } };
};

before(async () => {
  server = await startServer({
    clock: () => clockMs,
    flags: { "token-lifetime": "1h" },
    webDirectory: small.webDirectory,
  });
  root = server;
  const users = new Map<Actor, TestUser>();
  const reader = await addUser(root, "user-reader", { project: ["reader"] });
  users.set("reader", reader);
  const expired = await reader.logIn(homeOf("reader"));
  const expiredKey = await temporaryKey(expired);

  clockMs = nowMs;
  root = await server.withNewToken();
  foreign = await newProject("foreign");
  for (const role of ["operator", "reporter", "admin"] as const) {
    users.set(role, await addUser(root, `user-${role}`, { project: [role] }));
  }
  users.set("administrator", await addUser(root, "user-administrator", { domain: ["admin"] }));
  const stranger = await addUser(root, "user-stranger", {});
  users.set("stranger", stranger);
  await grant(stranger.id, `projects/${foreign}`, "admin");

  for (const [rights, user] of users) {
    const token = await user.logIn(homeOf(rights));
    const key = await createAccessKey(server, user, token);
    callers.push({ name: `${rights} by token`, rights, token, prove: withToken(token) });
    for (const form of signatureForms) {
      callers.push({
        name: `${rights} by a key, ${form} form`,
        rights,
        token,
        prove: withKey(key, { form }),
      });
    }
    const temporary = { isTemporary: true, token, prove: withKey(await temporaryKey(token)) } as const;
    // Of a key in the domain nothing is left but that it is somebody's: it administers nothing.
    callers.push({
      ...temporary,
      name: `${rights} by a temporary key`,
      rights: rights === "administrator" ? "stranger" : rights,
    });
    const session = { rights, token, hasSession: true, throughConsole: true } as const;
    callers.push({ ...session, name: `${rights} by session`, prove: withSession(await exchange(token)) });
    if (rights === "reader") readersToken = token;
    if (rights !== "admin") continue;
    await grant(user.id, `projects/${foreign}`, "admin");
    const elsewhere = await temporaryKey(await exchange(token, foreign));
    callers.push({
      ...temporary,
      name: "admin by a temporary key of another project",
      rights: "stranger",
      prove: withKey(elsewhere),
    });
  }

  bystander = await newUser("bystander");
  for (const place of [`projects/${projectId}`, "domains/default"]) await grant(bystander, place, "reader");
  bystandersKey = await createAccessKey(server, { id: bystander }, root.token);
  const task = { name: "RestartInstance", instance: { id: "in-1" } };
  await make(`/v1/${projectId}/tasks`, { ...task, service: "rds", id: "rds-kept" });
  await make(`/v1/${projectId}/tasks`, { ...task, service: "ddm", id: "ddm-kept" });

  const revoked = await exchange(readersToken, projectId);
  const ofRevoked = await temporaryKey(revoked);
  await revoke(revoked);
  const keyOf = (id: string) => createAccessKey(server, { id }, root.token);
  const key = await keyOf(reader.id);
  const deleted = await keyOf(reader.id);
  await root.call(`/v3.0/OS-CREDENTIAL/credentials/${deleted.access}`, { method: "DELETE" });
  const disabled = await newUser("disabled");
  await grant(disabled, `projects/${projectId}`, "admin");
  const disabledsKey = await keyOf(disabled);
  await root.call(`/v3/users/${disabled}`, { method: "PATCH", body: { user: { enabled: false } } });
  const temporary = await temporaryKey(readersToken);
  const dead: Readonly<Record<string, Caller["prove"]>> = {
    nobody: () => ({}),
    "an expired token": withToken(expired),
    "a revoked token": withToken(revoked),
    "a token that never was": withToken("A".repeat(43)),
    "a deleted key": withKey(deleted),
    "a key with a wrong secret": withKey({ ...key, secret: "wrong" }),
    "a key a while ago": withKey(key, { agoMs: 16 * minuteMs }),
    "a disabled user's key": withKey(disabledsKey),
    "a disabled user's key in the Credential form": withKey(disabledsKey, { form: "Credential" }),
    "an expired temporary key": withKey(expiredKey),
    "a temporary key whose token was revoked": withKey(ofRevoked),
    "a temporary key without its token": withKey({ access: temporary.access, secret: temporary.secret }),
    "a temporary key with another token": withKey({ ...temporary, securitytoken: readersToken }),
  };
  for (const [name, prove] of Object.entries(dead)) {
    callers.push({ name, rights: undefined, token: readersToken, prove });
  }
  const good = await exchange(readersToken);
  callers.push({
    name: "a session at an address that is not the console's",
    rights: undefined,
    hasSession: true,
    token: readersToken,
    prove: withSession(good),
  });
  const deadThroughConsole: Readonly<Record<string, Caller["prove"]>> = {
    nobody: () => ({}),
    "a token": withToken(good),
    "a signature": withKey(key),
    "a session of a token that has expired": withSession(expired),
    "a session of a token that was revoked": withSession(revoked),
    "a session of a token that never was": withSession("A".repeat(43)),
  };
  for (const [name, prove] of Object.entries(deadThroughConsole)) {
    const nobody = { rights: undefined, throughConsole: true, token: readersToken } as const;
    callers.push({ ...nobody, name: `${name} through the console`, prove });
  }
});
after(async () => {
  await server.close();
  small.remove();
});

/** Makes what a call takes away, and answers what its address and its headers then say. */
const makers: Readonly<
  Record<Fresh, (number: number, caller: Caller) => Promise<Readonly<Record<string, string>>>>
> = {
  task: async (number) => {
    const id = `fresh-${number}`;
    const body = { service: "rds", id, name: "BackupInstance", instance: { id: "in-1" } };
    await make(`/v1/${projectId}/tasks`, body);
    return { id };
  },
  user: async (number) => ({ user_id: await newUser(`fresh ${number}`) }),
  project: async (number) => ({ project_id: await newProject(`fresh ${number}`) }),
  grantee: async (number) => {
    const id = await newUser(`fresh ${number}`);
    for (const place of [`projects/${projectId}`, "domains/default"]) await grant(id, place, "reader");
    return { user_id: id };
  },
  key: async (number) => {
    const owner = await newUser(`fresh ${number}`);
    return { access: (await createAccessKey(server, { id: owner }, root.token)).access };
  },
  token: async (_number, { token }) => ({ subject: await exchange(token) }),
  session: async (_number, { token }) => ({ session: await exchange(token) }),
};

let asked = 0;

async function ask(
  call: string,
  caller: Caller,
  options: { readonly method?: string; readonly given?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  asked += 1;
  const row = calls[call] ?? assert.fail(`${call} is not in the table`);
  const method = options.method ?? call.slice(0, call.indexOf(" "));
  const { subject, session, ...given } =
    row.fresh === undefined ? {} : await makers[row.fresh](asked, caller);
  const url =
    server.url +
    (caller.throughConsole && !isOfConsole(call) ? "/console/api" : "") +
    addressOf(call, {
      id: "rds-kept",
      job_id: "ddm-kept",
      user_id: bystander,
      role_id: roleId("reader"),
      access: bystandersKey.access,
      ...given,
      ...options.given,
    });
  const body = row.body && JSON.stringify(row.body({ token: readersToken, number: asked }));
  return callServer(url, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(subject !== undefined && { "x-subject-token": subject }),
      ...caller.prove({ method, url, body }),
      // What is taken away is not what the caller asks with elsewhere.
      ...(session !== undefined && (caller.hasSession || caller.throughConsole) && sessionHeaders(session)),
    },
    ...(body !== undefined && { body }),
  });
}

const showsSession = ({ prove }: Caller): boolean => "cookie" in prove({ method: "GET", url: server.url });

const isOfConsole = (call: string): boolean => call.includes(" /console");

function expectedStatus(call: string, caller: Caller): number {
  const { rights, isTemporary, throughConsole, hasSession } = caller;
  const { for: whom, status } = calls[call] ?? assert.fail(call);
  // With a session the tasks are reached, and nothing else: above all not IAM.
  if (throughConsole && !isOfConsole(call) && !callsOfTasks.includes(call)) return 404;
  // Whoever shows none is told that there is none; one that is over is refused.
  if (whom === "sessions") return hasSession ? status : showsSession(caller) ? 401 : 204;
  if (whom === "anybody") return status;
  if (rights === undefined) return 401;
  if (isTemporary && whom === "lasting") return 403;
  return (allowed[whom] as readonly Actor[]).includes(rights) ? status : 403;
}

test("every call of the server is in the table, and nothing else", async (context) => {
  const app = await openApp(context, {
    ...(await openIdentity(context)),
    webDirectory: small.webDirectory,
    metrics: { own: { observeRequest() {} }, metrics: { scrape: () => assert.fail() }, token: undefined },
  });
  const isHead = (call: string): boolean => call.startsWith("HEAD ");
  const declared = [...app.declaredCalls];
  assert.deepEqual(Object.keys(calls).sort(), declared.filter((call) => !isHead(call)).sort());
  const heads = declared.filter(isHead).map((call) => call.replace("HEAD", "GET"));
  assert.deepEqual(
    heads.filter((call) => calls[call] === undefined),
    [],
  );
  const { paths } = (await server.call("/openapi.json")).json;
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map(
      (method) => `${method.toUpperCase()} ${path.replaceAll(":", "::").replace(/\{(\w+)\}/g, ":$1")}`,
    ),
  );
  assert.ok(documented.length > 5);
  assert.deepEqual(
    documented.filter((call) => calls[call] === undefined),
    [],
  );
});

for (const [call, { for: whom }] of Object.entries(calls)) {
  test(`${call} is for ${whom}`, async () => {
    assert.equal(callers.length, 5 * actors.length + 1 + 13 + 1 + 6);
    for (const caller of callers) {
      const { status, text } = await ask(call, caller);
      assert.equal(status, expectedStatus(call, caller), `${caller.name}: ${text}`);
    }
  });
}

test("HEAD is for whoever GET is for", async () => {
  const byToken = callers.filter(({ name }) => / by token$|token|session/.test(name));
  for (const call of Object.keys(calls).filter((name) => name.startsWith("GET "))) {
    for (const caller of byToken) {
      const { status } = await ask(call, caller, { method: "HEAD" });
      assert.equal(status, expectedStatus(call, caller), `${call}: ${caller.name}`);
    }
  }
});

const callerNamed = (name: string): Caller =>
  callers.find((caller) => caller.name === name) ?? assert.fail(name);

test("whether another project exists is told to nobody", async () => {
  assert.ok(callsOfTasks.length > 10);
  for (const name of ["admin by token", "admin by a temporary key", "operator by session"]) {
    for (const call of callsOfTasks) {
      const answers = new Set<string>();
      for (const project_id of [foreign, "f".repeat(32)]) {
        const { status, text } = await ask(call, callerNamed(name), { given: { project_id } });
        answers.add(`${status} ${text.replace(/"request_id":"[0-9a-f]{32}"/, "")}`);
      }
      assert.equal(answers.size, 1, call);
      assert.match([...answers].join(), /^403 /, call);
    }
  }
});

test("services tell what is expired from what is no good", async () => {
  const codes = { nobody: "0301", "a revoked token": "0301", "a deleted key": "0301" };
  const expired = { "an expired token": "0307", "an expired temporary key": "0307" };
  for (const call of callsOfTasks.filter((name) => name.startsWith("GET ") && !name.includes("/v1/"))) {
    for (const [name, code] of Object.entries({ ...codes, ...expired })) {
      assert.equal((await ask(call, callerNamed(name))).json.error_code, `APIGW.${code}`, `${call}: ${name}`);
    }
  }
});

test("in a disabled project nobody may anything, whatever they show", async () => {
  const closed = await newProject("closed");
  const tenant = await addUser(root, "tenant", {});
  for (const role of roleNames) await grant(tenant.id, `projects/${closed}`, role);
  const token = await tenant.logIn({ project: { id: closed } });
  const proofs = {
    token: withToken(token),
    key: withKey(await createAccessKey(server, tenant, token)),
    temporaryKey: withKey(await temporaryKey(token)),
  };
  const statuses = async (call: string): Promise<readonly number[]> =>
    Promise.all(
      Object.values(proofs).map(async (prove) => {
        const caller = { name: "tenant", rights: undefined, token: readersToken, prove };
        return (await ask(call, caller, { given: { project_id: closed } })).status;
      }),
    );
  assert.deepEqual(await statuses("GET /v1/:project_id/tasks"), [200, 200, 200]);
  const body = { project: { enabled: false } };
  assert.equal((await root.call(`/v3/projects/${closed}`, { method: "PATCH", body })).status, 200);
  // A key that stays is still somebody's, who may nothing there; what was made for the project is gone.
  for (const call of callsOfTasks) assert.deepEqual(await statuses(call), [401, 403, 401], call);
  assert.deepEqual(await statuses("GET /v3/auth/projects"), [401, 200, 401]);
});

test("without a project in the path a signature is for the one it names, or the user's first", async () => {
  const [disabled, beside] = [await newProject("a disabled one"), await newProject("beside")];
  const traveller = await newUser("traveller");
  for (const id of [projectId, foreign, disabled]) await grant(traveller, `projects/${id}`, "reader");
  await root.call(`/v3/projects/${disabled}`, { method: "PATCH", body: { project: { enabled: false } } });
  const key = await createAccessKey(server, { id: traveller }, root.token);
  const url = `${server.url}/v3/auth/catalog`;
  const projectShown = async (proof: Readonly<Record<string, string>>, named: string | undefined) => {
    const headers = { ...proof, ...(named !== undefined && { "x-project-id": named }) };
    const { status, json } = await callServer(url, { headers });
    assert.equal(status, 200);
    const entry = json.catalog.find(({ type }: { type: string }) => type === "taskcenter");
    return entry?.endpoints[0].url.replace(`${server.url}/v1/`, "");
  };
  const signed = signedHeaders({ key, method: "GET", url, nowMs });
  assert.equal(await projectShown(signed, undefined), projectId);
  assert.equal(await projectShown(signed, projectId), projectId);
  assert.equal(await projectShown(signed, foreign), foreign);
  for (const other of [beside, disabled, "f".repeat(32), "", "../.."]) {
    assert.equal(await projectShown(signed, other), projectId, other);
  }
  // What has a scope of its own keeps it.
  assert.equal(await projectShown({ "x-auth-token": readersToken }, foreign), projectId);
  const temporary = callerNamed("admin by a temporary key").prove({ method: "GET", url });
  assert.equal(await projectShown(temporary, foreign), projectId);
  // And who has a role in no project sees no project's services.
  const lonely = await createAccessKey(server, { id: await newUser("lonely") }, root.token);
  const alone = signedHeaders({ key: lonely, method: "GET", url, nowMs });
  assert.equal(await projectShown(alone, projectId), undefined);
});

test("a task and its history name the user who made and changed it", async () => {
  const tasks = `/v1/${projectId}/tasks`;
  const { token } = callerNamed("reporter by token");
  const body = { service: "rds", id: "named", name: "BackupInstance", instance: { id: "in-1" } };
  assert.equal((await server.call(tasks, { body, token })).json.created_by, "user-reporter");
  const report = { method: "PATCH", body: { progress: 5 }, token: callerNamed("admin by token").token };
  await server.call(`${tasks}/named`, report);
  const { json } = await server.call(`${tasks}/named/history`, { token });
  assert.deepEqual(
    json.history.map((entry: { by: string }) => entry.by),
    ["user-reporter", "user-admin"],
  );
});
