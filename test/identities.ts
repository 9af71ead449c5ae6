import { createHmac, hash } from "node:crypto";
import type { RoleName } from "../src/store/store.ts";
import { type Answer, type CallOptions, callServer, projectId } from "./start-server.ts";

/** Who looks after a server's users in a test: its first admin. */
interface Root {
  readonly url: string;
  call(path: string, options?: CallOptions): Promise<Answer>;
}

/** A user of a test, who logs in by password. */
export interface TestUser {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  /** Logs in, and answers the token. */
  logIn(scope?: object): Promise<string>;
}

/** Makes a user with roles in the test's project and in the domain. */
export async function addUser(
  root: Root,
  name: string,
  roles: { readonly project?: readonly RoleName[]; readonly domain?: readonly RoleName[] },
): Promise<TestUser> {
  const password = `${name}'s password`;
  const made = await root.call("/v3/users", { body: { user: { name, password } } });
  if (made.status !== 201) throw new Error(`no user ${name}: ${made.text}`);
  const { id } = made.json.user;
  const known = (await root.call("/v3/roles")).json.roles as readonly { id: string; name: string }[];
  for (const [place, names] of [
    [`projects/${projectId}`, roles.project ?? []],
    ["domains/default", roles.domain ?? []],
  ] as const) {
    for (const role of names) {
      const roleId = known.find((candidate) => candidate.name === role)?.id;
      const granted = await root.call(`/v3/${place}/users/${id}/roles/${roleId}`, { method: "PUT" });
      if (granted.status !== 204) throw new Error(`no role ${role} for ${name}: ${granted.text}`);
    }
  }
  return {
    id,
    name,
    password,
    async logIn(scope) {
      const answer = await callServer(`${root.url}/v3/auth/tokens`, {
        body: {
          auth: {
            identity: { methods: ["password"], password: { user: { id, password } } },
            ...(scope === undefined ? {} : { scope }),
          },
        },
      });
      const token = answer.headers.get("x-subject-token");
      if (token === null) throw new Error(`${name} cannot log in: ${answer.text}`);
      return token;
    },
  };
}

/** An access key as its owner holds it; a temporary one with the token that it goes with. */
export interface TestKey {
  readonly access: string;
  readonly secret: string;
  readonly securitytoken?: string;
}

/** Makes an access key for a user, with a token of theirs. */
export async function createAccessKey(
  { url }: Pick<Root, "url">,
  { id }: Pick<TestUser, "id">,
  token: string,
): Promise<TestKey> {
  const answer = await callServer(`${url}/v3.0/OS-CREDENTIAL/credentials`, {
    token,
    body: { credential: { user_id: id } },
  });
  if (answer.status !== 201) throw new Error(`no access key: ${answer.text}`);
  return answer.json.credential;
}

/** The two forms of a signature, by the first word of each. */
export const signatureForms = ["Access", "Credential"] as const;
export type SignatureForm = (typeof signatureForms)[number];

/**
 * The headers of a signed request, of a client that writes its addresses plainly: an oracle that shares no code with
 * what it tests. Region and service of the Credential form are empty, as seen from clients.
 */
export function signedHeaders(request: {
  readonly key: TestKey;
  readonly method: string;
  readonly url: string;
  /** Undefined for none; `unsigned` for one that the signature leaves open. */
  readonly body?: string | { readonly unsigned: true } | undefined;
  readonly nowMs: number;
  readonly form?: SignatureForm;
}): Record<string, string> {
  const { key, method, body = "", nowMs, form = "Access" } = request;
  const { host, pathname, searchParams } = new URL(request.url);
  const path = pathname.replaceAll(":", "%3A");
  const date = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const query = [...searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join("&");
  const own: Record<string, string> = {
    "x-sdk-date": date,
    ...(key.securitytoken !== undefined && { "x-security-token": key.securitytoken }),
    ...(typeof body !== "string" && { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }),
  };
  const signed = Object.entries({ host, ...own }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const canonical = [
    method,
    path.endsWith("/") ? path : `${path}/`,
    query,
    ...signed.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    typeof body === "string" ? hash("sha256", body) : "UNSIGNED-PAYLOAD",
  ].join("\n");

  const day = date.slice(0, 8);
  const scope = `${day}///sdk_request`;
  const isScoped = form === "Credential";
  const signingKey = isScoped
    ? [day, "", "", "sdk_request"].reduce<string | Buffer>(hmac, `SDK${key.secret}`)
    : key.secret;
  const text = ["SDK-HMAC-SHA256", date, ...(isScoped ? [scope] : []), hash("sha256", canonical)].join("\n");
  const who = isScoped ? `${key.access}/${scope}` : key.access;
  const signature = hmac(signingKey, text).toString("hex");
  return {
    ...own,
    authorization: `SDK-HMAC-SHA256 ${form}=${who}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
