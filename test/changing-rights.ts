import { setTimeout as wait } from "node:timers/promises";
import { roleId } from "../src/http/iam/documents.ts";
import { systemClock } from "../src/task/clock.ts";
import { signedHeaders, type TestKey } from "./identities.ts";
import type { Asked, Exchange, RoamingClient } from "./roaming-client.ts";
import type { GroupServer } from "./server-group.ts";
import { adminPassword } from "./start-server.ts";

/** How often each right was given, used and taken away. */
export interface RightsRounds {
  tokens: number;
  roles: number;
  keys: number;
}

/** Who gets rights and loses them: a user without any. */
interface Reader {
  readonly id: string;
  readonly name: string;
  readonly password: string;
}

/**
 * Gives rights by one server and takes them away by another, until it is told to stop: what was acknowledged holds at
 * every server that answers, from the very next request on.
 */
export async function changeRights(parts: {
  readonly servers: readonly GroupServer[];
  readonly projectId: string;
  /** A token of an administrator, in the project. */
  readonly token: string;
  readonly client: RoamingClient;
  readonly onFinding: (finding: string) => void;
  readonly stopping: AbortSignal;
}): Promise<RightsRounds> {
  const { servers, projectId, token, client, onFinding, stopping } = parts;
  const rounds: RightsRounds = { tokens: 0, roles: 0, keys: 0 };
  const path = `/v1/${projectId}/tasks?limit=1`;

  async function askAll(make: (server: GroupServer) => Asked): Promise<readonly Exchange[]> {
    return Promise.all(servers.map((server) => client.ask(server, make(server))));
  }

  /** Asks every server at once; those that answer must all answer with one of these. Answers how many did. */
  async function expectAll(
    what: string,
    accepted: readonly number[],
    make: (server: GroupServer) => Asked,
  ): Promise<number> {
    const answered = (await askAll(make)).filter(({ answer }) => (answer?.status ?? 500) < 500);
    for (const { server, answer } of answered) {
      if (accepted.includes(answer?.status ?? 0)) continue;
      onFinding(`${what}: the ${server.name} server answers ${answer?.status}`);
    }
    return answered.length;
  }

  let reader: Reader | undefined;
  let readers = 0;

  /** Asks until it is done; undefined where it never was. */
  async function settled(what: string, accepted: readonly number[], asked: Asked) {
    const { answer, isUncertain } = await client.settle(asked);
    // What a server was asked for and did not answer it may still do, however much later: a round with somebody else
    // is not disturbed by it.
    if (isUncertain) reader = undefined;
    if (answer === undefined) return undefined;
    if (accepted.includes(answer.status)) return answer;
    onFinding(`${what} is answered ${answer.status}: ${answer.text}`);
    return undefined;
  }

  async function logIn(name: string, secret: string): Promise<string | undefined> {
    const user = { name, domain: { id: "default" }, password: secret };
    const answer = await settled("a login", [201], {
      path: "/v3/auth/tokens",
      body: {
        auth: {
          identity: { methods: ["password"], password: { user } },
          scope: { project: { id: projectId } },
        },
      },
    });
    return answer?.headers.get("x-subject-token") ?? undefined;
  }

  async function changeToken(): Promise<void> {
    const fresh = await logIn("admin", adminPassword);
    if (fresh === undefined) return;
    await expectAll("a new token", [200], () => ({ path, token: fresh }));
    // Whoever asks again after an answer that was lost finds that the token has gone.
    const revocation = {
      path: "/v3/auth/tokens",
      method: "DELETE",
      token,
      headers: { "x-subject-token": fresh },
    };
    if ((await settled("a revocation", [204, 404], revocation)) === undefined) return;
    const refusing = await expectAll("a revoked token", [401], () => ({ path, token: fresh }));
    if (refusing > 1) rounds.tokens += 1;
  }

  /** The reader, with the role: the one of the round before, or a new one. */
  async function readerWithRole(): Promise<(Reader & { readonly rolePath: string }) | undefined> {
    let chosen = reader;
    if (chosen === undefined) {
      readers += 1;
      const user = { name: `ann-${readers}`, password: `the password of ann-${readers}` };
      // A name that is taken is of an answer that was lost.
      const answer = await settled("a new user", [201, 409], { path: "/v3/users", token, body: { user } });
      if (answer?.status !== 201) return undefined;
      chosen = { ...user, id: answer.json.user.id };
      reader = chosen;
    }
    const rolePath = `/v3/projects/${projectId}/users/${chosen.id}/roles/${roleId("reader")}`;
    const granted = await settled("a grant", [204], { path: rolePath, method: "PUT", token });
    // Where an answer was lost, the grant may be carried out once more, after its removal.
    return granted && reader && { ...reader, rolePath };
  }

  async function changeRole(): Promise<void> {
    const ann = await readerWithRole();
    if (ann === undefined) return;
    const hers = await logIn(ann.name, ann.password);
    if (hers === undefined) return;
    await expectAll("a token with a role", [200], () => ({ path, token: hers }));
    const removal = { path: ann.rolePath, method: "DELETE", token };
    if ((await settled("a role's removal", [204, 404], removal)) === undefined) return;
    const refusing = await expectAll("a token without a role", [401, 403], () => ({ path, token: hers }));
    if (refusing > 1) rounds.roles += 1;
  }

  const keysPath = "/v3.0/OS-CREDENTIAL/credentials";

  async function changeKey(): Promise<void> {
    const ann = await readerWithRole();
    if (ann === undefined) return;
    const answer = await settled("a new key", [201], {
      path: keysPath,
      token,
      body: { credential: { user_id: ann.id } },
    });
    if (answer === undefined) return;
    const key: TestKey = answer.json.credential;
    const signed = (server: GroupServer): Asked => ({
      path,
      headers: signedHeaders({ key, method: "GET", url: server.url() + path, nowMs: systemClock() }),
    });
    await expectAll("a new key", [200], signed);
    const removal = { path: `${keysPath}/${key.access}`, method: "DELETE", token };
    if ((await settled("a key's end", [204, 404], removal)) === undefined) return;
    if ((await expectAll("a deleted key", [401], signed)) > 1) rounds.keys += 1;
  }

  while (!stopping.aborted) {
    await changeToken();
    await changeRole();
    await changeKey();
    await wait(50);
  }
  return rounds;
}
