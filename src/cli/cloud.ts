import { homedir } from "node:os";
import {
  type AccessKeyCredentials,
  type ConnectOptions,
  type Credentials,
  connect,
  connectIam,
  type IamClient,
  isHttpAddress,
  type PasswordCredentials,
  type Reference,
  serverAddress,
  type TaskCenterClient,
} from "../client/index.ts";
import { ConfigError } from "../config.ts";
import {
  type CloudKey,
  type CloudSettings,
  cloudSettings,
  cloudsFiles,
  readCloud,
} from "./cloud-settings.ts";

/** Where the search for server and user takes place. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly homeDirectory: string;
  /** Where the machine keeps settings for all its users. */
  readonly systemDirectory: string;
}

/** A login to the server, for itself or for a project; it is not always said which. */
export type IamLogin = DirectLogin | PasswordLogin;

type DirectLogin = Exclude<Credentials, PasswordCredentials>;
type PasswordLogin = Omit<PasswordCredentials, "project"> & { readonly project?: Reference | undefined };

/**
 * Logs in to the project that the surroundings of this process say, as the OpenStack tools do.
 *
 * @throws ConfigError where they do not say enough; and what `connect` throws.
 */
export async function connectToServer(
  options: Omit<ConnectOptions, "credentials"> = {},
): Promise<TaskCenterClient> {
  return connect({ ...options, credentials: findCredentials(here()) });
}

/** Logs in to the same server, to look after its users and projects. @throws as `connectToServer` does. */
export async function connectToIam(): Promise<IamClient> {
  return connectIam({ credentials: findIamLoginHere() });
}

/** Whose login `connectToIam` uses, and where. @throws ConfigError. */
export function findIamLoginHere(): IamLogin {
  return findIamLogin(here());
}

/** A login as messages tell of it. */
export interface LoginDescription {
  readonly kind: Credentials["kind"];
  /** Whose login it is, where, and who says so. */
  readonly text: string;
}

/** The login that is used here; undefined where that cannot be found out any more. */
export function describeLoginHere(): LoginDescription | undefined {
  try {
    return describeLogin(here());
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** The project that is worked in here, for messages. @throws ConfigError. */
export function describeProjectHere(): string {
  return describeProject(here());
}

function here(): Surroundings {
  return {
    env: process.env,
    workingDirectory: process.cwd(),
    homeDirectory: homedir(),
    systemDirectory: "/etc",
  };
}

/**
 * Who logs in, and where: `TASKCENTER_URL` with `TASKCENTER_TOKEN` or with an access key where they are set; else the
 * cloud that `OS_CLOUD` names, or the only one, of `clouds.yaml`, with every other `OS_` variable winning over it. An
 * empty variable is one that is not set.
 *
 * @throws ConfigError, which never shows a password, a token or a secret key.
 */
export function findCredentials(surroundings: Surroundings): Credentials {
  return findLogin(surroundings, readProjectLogin).credentials;
}

/** The same, for looking after users and projects: no project has to be named. @throws ConfigError. */
export function findIamLogin(surroundings: Surroundings): IamLogin {
  return findLogin(surroundings, readLogin).credentials;
}

/** The login that is found, as messages tell of it: nothing secret is in it. @throws ConfigError. */
export function describeLogin(surroundings: Surroundings): LoginDescription {
  const { credentials, origin } = findLogin(surroundings, readLogin);
  return { kind: credentials.kind, text: `${loginText(credentials)} (${origin})` };
}

function loginText(credentials: IamLogin): string {
  switch (credentials.kind) {
    case "password": {
      const { user, authUrl } = credentials;
      return `as user ${JSON.stringify("id" in user ? user.id : user.name)} at ${authUrl}`;
    }
    case "access-key":
      return `with access key ${credentials.accessKey.slice(0, 4)}**** at ${credentials.url}`;
    case "token":
      return `with the token at ${credentials.url}`;
  }
}

/** The project that is worked in, as far as the settings tell it, for messages. @throws ConfigError. */
export function describeProject(surroundings: Surroundings): string {
  const credentials = findCredentials(surroundings);
  const inAddress = credentials.kind === "password" ? undefined : serverAddress(credentials.url).project;
  if (inAddress !== undefined) return `project ${inAddress.slice(inAddress.lastIndexOf("/") + 1)}`;
  const project = credentials.kind === "token" ? undefined : credentials.project;
  if (project === undefined) return "the project of this login";
  return `project ${"id" in project ? project.id : JSON.stringify(project.name)}`;
}

/** What settings say of a login: all of it, or what is missing. */
type Reading<Login> = { readonly credentials: Login } | { readonly missing: readonly CloudKey[] };

function findLogin<Login>(
  surroundings: Surroundings,
  read: (settings: CloudSettings) => Reading<Login>,
): { readonly credentials: Login | DirectLogin; readonly origin: string } {
  const variable = (name: string) => surroundings.env[name] || undefined;
  const direct = directLogin(variable);
  if (direct !== undefined) return { credentials: direct, origin: "from TASKCENTER_ variables" };

  const fromEnvironment = cloudSettings((key) => variable(variableOf(key)));
  const cloudName = variable("OS_CLOUD");
  // A complete environment, as an openrc file makes it, is not mixed with a file that may mean another cloud.
  if (cloudName === undefined) {
    const login = read(fromEnvironment);
    if ("credentials" in login) return { ...login, origin: "from OS_ variables" };
  }
  const files = cloudsFiles({
    ...surroundings,
    namedFile: variable("OS_CLIENT_CONFIG_FILE"),
    dataDirectory: variable("TASKCENTER_DATA"),
  });
  const cloud = readCloud(files, cloudName);
  if (cloud === undefined && (cloudName !== undefined || fromEnvironment.auth_url === undefined)) {
    throw new ConfigError(
      `no server found: there is no ${files.join(", no ")}; start one in this directory (taskcenter serve), or set ` +
        "OS_CLIENT_CONFIG_FILE, or OS_AUTH_URL and its like, or TASKCENTER_URL with TASKCENTER_TOKEN or an access key",
    );
  }
  const login = read(overlay(cloud?.settings ?? {}, fromEnvironment));
  const origin = cloud?.origin ?? "the environment";
  if ("credentials" in login) return { ...login, origin };
  const missing = login.missing.map((key) => `${key} (${variableOf(key)})`).join(" and ");
  throw new ConfigError(`the login is incomplete: ${origin} lacks ${missing}`);
}

/** The login that `TASKCENTER_` variables tell by themselves; undefined where there are none. */
function directLogin(variable: (name: string) => string | undefined): DirectLogin | undefined {
  const url = variable("TASKCENTER_URL");
  const token = variable("TASKCENTER_TOKEN");
  const accessKey = variable("TASKCENTER_ACCESS_KEY");
  const secretKey = variable("TASKCENTER_SECRET_KEY");
  const securityToken = variable("TASKCENTER_SECURITY_TOKEN");
  const hasKey = [accessKey, secretKey, securityToken].some((part) => part !== undefined);
  if (url === undefined && token === undefined && !hasKey) return undefined;

  if (url !== undefined) checkAddress("TASKCENTER_URL", url);
  for (const name of headerVariables) checkHeaderText(name, variable(name));
  if (token !== undefined && hasKey) {
    throw new ConfigError(
      "TASKCENTER_TOKEN and an access key (TASKCENTER_ACCESS_KEY) are two logins: set one",
    );
  }
  if (url !== undefined && token !== undefined) return { kind: "token", url, token };
  if (url !== undefined && accessKey !== undefined && secretKey !== undefined) {
    const project = projectOf(variable("OS_PROJECT_ID"), variable("OS_PROJECT_NAME"));
    return { kind: "access-key", url, accessKey, secretKey, securityToken, project };
  }
  const needed = hasKey
    ? ([
        ["TASKCENTER_ACCESS_KEY", accessKey],
        ["TASKCENTER_SECRET_KEY", secretKey],
      ] as const)
    : ([["TASKCENTER_TOKEN (or TASKCENTER_ACCESS_KEY with TASKCENTER_SECRET_KEY)", token]] as const);
  const missing = [["TASKCENTER_URL", url] as const, ...needed]
    .filter(([, value]) => value === undefined)
    .map(([name]) => name);
  throw new ConfigError(`the login is incomplete: the environment lacks ${missing.join(" and ")}`);
}

function projectOf(id: string | undefined, name: string | undefined): AccessKeyCredentials["project"] {
  if (id !== undefined) return { id };
  return name === undefined ? undefined : { name };
}

/** What goes into a header, or is made one: the text that a header can carry is all that such a secret is made of. */
const headerVariables = [
  "TASKCENTER_TOKEN",
  "TASKCENTER_ACCESS_KEY",
  "TASKCENTER_SECRET_KEY",
  "TASKCENTER_SECURITY_TOKEN",
] as const;

/** The refusal does not repeat the text, which is a secret. */
function checkHeaderText(name: string, text = ""): void {
  if (/^[\x21-\x7e]*$/.test(text)) return;
  throw new ConfigError(
    `${name} has characters that cannot be part of it: blanks, line ends, or what is no ASCII`,
  );
}

function variableOf(key: CloudKey): string {
  return `OS_${key.toUpperCase()}`;
}

/** Two ways to say the same: where the stronger source uses one, the weaker one's other must not stay beside it. */
const alternatives = [
  ["username", "user_id"],
  ["user_domain_name", "user_domain_id"],
  ["project_name", "project_id"],
  ["project_domain_name", "project_domain_id"],
] as const satisfies readonly (readonly CloudKey[])[];

function overlay(weaker: CloudSettings, stronger: CloudSettings): CloudSettings {
  const replaced = new Set<CloudKey>(
    alternatives.filter((pair) => pair.some((key) => stronger[key] !== undefined)).flat(),
  );
  return { ...cloudSettings((key) => (replaced.has(key) ? undefined : weaker[key])), ...stronger };
}

/** The login to a project that settings describe, or what is missing for one. */
function readProjectLogin(settings: CloudSettings): Reading<PasswordCredentials> {
  const login = readLogin(settings);
  const missing = "missing" in login ? login.missing : [];
  const project = referenceToProject(settings);
  if (project === undefined) return { missing: [...missing, "project_name"] };
  return "missing" in login ? login : { credentials: { ...login.credentials, project } };
}

/** The login that settings describe, or what is missing for one. */
function readLogin(settings: CloudSettings): Reading<PasswordLogin> {
  const { auth_type: type, auth_url: authUrl, password, region_name: region } = settings;
  const user = reference({
    id: settings.user_id,
    name: settings.username,
    domainId: settings.user_domain_id,
    domainName: settings.user_domain_name,
  });
  if (type !== undefined && type !== "password" && type !== "v3password") {
    throw new ConfigError(
      `auth_type (OS_AUTH_TYPE): ${JSON.stringify(type)} is not known here; use password`,
    );
  }
  if (authUrl !== undefined && user !== undefined && password !== undefined) {
    checkAddress("auth_url (OS_AUTH_URL)", authUrl);
    const project = referenceToProject(settings);
    return {
      credentials: {
        kind: "password",
        authUrl,
        user,
        password,
        project,
        region,
        interface: settings.interface,
      },
    };
  }
  const needed: readonly (readonly [CloudKey, unknown])[] = [
    ["auth_url", authUrl],
    ["username", user],
    ["password", password],
  ];
  return { missing: needed.filter(([, value]) => value === undefined).map(([key]) => key) };
}

function referenceToProject(settings: CloudSettings): Reference | undefined {
  return reference({
    id: settings.project_id,
    name: settings.project_name,
    domainId: settings.project_domain_id,
    domainName: settings.project_domain_name,
  });
}

/** Without a domain, names are looked up in the default one, as the OpenStack tools do. */
function reference(parts: {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly domainId: string | undefined;
  readonly domainName: string | undefined;
}): Reference | undefined {
  if (parts.id !== undefined) return { id: parts.id };
  if (parts.name === undefined) return undefined;
  const domain =
    parts.domainId === undefined && parts.domainName !== undefined
      ? { name: parts.domainName }
      : { id: parts.domainId ?? "default" };
  return { name: parts.name, domain };
}

/** The refusal does not repeat the address: a password may stand in it. */
function checkAddress(name: string, address: string): void {
  if (isHttpAddress(address)) return;
  throw new ConfigError(`${name} must be an http or https URL without user, password, query and fragment`);
}
