import { Connection } from "./connection.ts";
import {
  type AccessKeyCredentials,
  type Credentials,
  httpAddress,
  type IamCredentials,
  keystoneServer,
  type PasswordCredentials,
  projectAddress,
  serverAddress,
  type TokenCredentials,
} from "./credentials.ts";
import { AccessError, ConnectionError } from "./errors.ts";
import { exchange, type HttpRequest, listIn, memberOf, textIn } from "./http.ts";
import { accessKeyDocument, accessKeysPath, identified, listOf, readMember } from "./iam-documents.ts";
import { signatureProof, tokenProof } from "./proof.ts";
import { queryText } from "./query-text.ts";

/** How long one request may take, and what ends the login. */
type Limits = Pick<HttpRequest, "timeoutMs" | "signal">;

/** Connects to the API of one project. @throws ApiError, AccessError, ConnectionError, or the signal's reason. */
export async function connectToProject(credentials: Credentials, limits: Limits): Promise<Connection> {
  if (credentials.kind === "password") {
    const { connection, token } = await logIn(credentials, { project: credentials.project }, limits);
    return connection.at(endpointIn(listIn(token, "catalog"), credentials));
  }
  const { server, project } = serverAddress(credentials.url);
  const connection = connectWith(credentials, server, limits);
  return connection.at(
    project ?? projectAddress(server, await findProjectId(credentials, connection, limits)),
  );
}

/** A connection to a server's IAM, whose paths begin with `/v3`, and what is known of who uses it. */
export interface IamConnection {
  /** The server's address. */
  readonly server: string;
  readonly connection: Connection;
  /** Answers whose login this is. @throws AccessError where that cannot be known. */
  ownUserId(signal: AbortSignal | undefined): Promise<string>;
  /** Has later logins made with another password; means nothing where no password is used. */
  goOnWith(password: string): void;
}

/** Connects to the IAM of a server. @throws ApiError, ConnectionError, or the signal's reason. */
export async function connectToIam(credentials: IamCredentials, limits: Limits): Promise<IamConnection> {
  if (credentials.kind === "password") {
    // Not for a project: whoever has disabled their own could not log in to enable it again.
    const { connection, token, goOnWith } = await logIn(credentials, "unscoped", limits);
    const server = keystoneServer(credentials.authUrl);
    const userId = readMember(token, "user", identified, server).id;
    return { server, connection, ownUserId: async () => userId, goOnWith };
  }
  const { server } = serverAddress(credentials.url);
  const connection = connectWith(credentials, server, limits);
  return {
    server,
    connection,
    ownUserId: (signal) =>
      credentials.kind === "token"
        ? bearerOf(credentials, connection, signal)
        : ownerOf(credentials, connection, signal),
    goOnWith() {},
  };
}

/** Connects with what is no login: nothing is asked yet. */
function connectWith(
  credentials: TokenCredentials | AccessKeyCredentials,
  address: string,
  { timeoutMs }: Limits,
): Connection {
  const proof =
    credentials.kind === "token" ? tokenProof(credentials.token, undefined) : signatureProof(credentials);
  return new Connection({ address, proof, timeoutMs });
}

/** The project that is meant, where the address names none. */
async function findProjectId(
  credentials: TokenCredentials | AccessKeyCredentials,
  connection: Connection,
  { signal }: Limits,
): Promise<string> {
  const { server } = serverAddress(credentials.url);
  if (credentials.kind === "token") {
    const token = await describeToken(credentials, connection, signal);
    const id = textIn(memberOf(token, "project"), "id");
    if (id === "") throw new AccessError(`the token is for no project of ${server}`);
    return id;
  }
  const { project } = credentials;
  if (project !== undefined && "id" in project) return project.id;
  const path = project === undefined ? "/v3/auth/projects" : `/v3/projects${queryText(project)}`;
  const { body } = await connection.read(path, { signal });
  const [found] = readMember(body, "projects", listOf(identified), server);
  if (found !== undefined) return found.id;
  throw new AccessError(
    project === undefined
      ? "the access key's user has no role in any project"
      : `the access key's user sees no project ${JSON.stringify(project.name)}`,
  );
}

/** A login with a password: what of the credentials it takes. */
type Login = Pick<PasswordCredentials, "authUrl" | "user" | "password">;

/** What a token is to be good for. */
type WantedScope = "unscoped" | { readonly project: PasswordCredentials["project"] };

/**
 * Logs in with a password. Answers a connection to the Keystone, which logs in again when its token ends, and a way to
 * tell it the password that is good from now on.
 */
async function logIn(
  login: Login,
  scope: WantedScope,
  limits: Limits,
): Promise<Pick<IamConnection, "connection" | "goOnWith"> & { readonly token: unknown }> {
  const { timeoutMs } = limits;
  const { token, description } = await requestToken(login, scope, limits);
  let { password } = login;
  // The signal ends the first login only: later ones are shared by calls that have signals of their own.
  const logInAgain = async () =>
    (await requestToken({ ...login, password }, scope, { timeoutMs, signal: undefined })).token;
  const address = keystoneServer(login.authUrl);
  const connection = new Connection({ address, proof: tokenProof(token, logInAgain), timeoutMs });
  return {
    connection,
    token: description,
    goOnWith(newPassword) {
      password = newPassword;
    },
  };
}

/** Asks a Keystone for a token. Answers it, and what the Keystone says of it. */
export async function requestToken(
  { authUrl, user, password }: Login,
  scope: WantedScope,
  limits: Limits,
): Promise<{ readonly token: string; readonly description: unknown }> {
  const address = keystoneServer(authUrl);
  const answer = await exchange({
    ...limits,
    method: "POST",
    url: `${address}/v3/auth/tokens`,
    body: {
      auth: { identity: { methods: ["password"], password: { user: { ...user, password } } }, scope },
    },
    repeatable: true,
  });
  const token = answer.headers.get("x-subject-token");
  if (token === null) {
    throw new ConnectionError(`what answers at ${address} is no Keystone: it gave no token`);
  }
  return { token, description: memberOf(answer.body, "token") };
}

function endpointIn(
  catalog: readonly unknown[],
  wanted: Pick<PasswordCredentials, "region" | "interface">,
): string {
  const wantedInterface = wanted.interface ?? "public";
  const endpoint = catalog
    .filter((service) => textIn(service, "type") === "taskcenter")
    .flatMap((service) => listIn(service, "endpoints"))
    .find(
      (candidate) =>
        textIn(candidate, "interface") === wantedInterface &&
        (wanted.region === undefined || textIn(candidate, "region") === wanted.region),
    );
  if (endpoint === undefined) {
    const where = wanted.region === undefined ? "" : ` in region ${wanted.region}`;
    throw new ConnectionError(
      `the catalog has no ${wantedInterface} endpoint of type taskcenter${where} for this project`,
    );
  }
  return httpAddress(textIn(endpoint, "url"));
}

/** What a token says of itself. */
async function describeToken(
  { token }: TokenCredentials,
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const headers = { "x-subject-token": token };
  const { body } = await connection.read("/v3/auth/tokens?nocatalog", { headers, signal });
  return memberOf(body, "token");
}

async function bearerOf(
  credentials: TokenCredentials,
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<string> {
  const token = await describeToken(credentials, connection, signal);
  return readMember(token, "user", identified, serverAddress(credentials.url).server).id;
}

/** A signature does not say whose it is, but the key's document does, which a temporary key has none of. */
async function ownerOf(
  { url, accessKey, securityToken }: AccessKeyCredentials,
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (securityToken !== undefined) throw new AccessError("a temporary access key does not tell whose it is");
  const { body } = await connection.read(`${accessKeysPath}/${encodeURIComponent(accessKey)}`, { signal });
  return readMember(body, "credential", accessKeyDocument, serverAddress(url).server).user_id;
}
