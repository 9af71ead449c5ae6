import { homedir } from "node:os";
import {
  type ConnectOptions,
  type Credentials,
  connect,
  isHttpAddress,
  type Reference,
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

/**
 * Logs in where the surroundings of this process say, as the OpenStack tools do.
 *
 * @throws ConfigError where they do not say enough; and what `connect` throws.
 */
export async function connectToServer(
  options: Omit<ConnectOptions, "credentials"> = {},
): Promise<TaskCenterClient> {
  const credentials = findCredentials({
    env: process.env,
    workingDirectory: process.cwd(),
    homeDirectory: homedir(),
    systemDirectory: "/etc",
  });
  return connect({ ...options, credentials });
}

/**
 * Who logs in, and where: `TASKCENTER_URL` and `TASKCENTER_TOKEN` where they are set; else the cloud that `OS_CLOUD`
 * names, or the only one, of `clouds.yaml`, with every other `OS_` variable winning over it. An empty variable is
 * one that is not set.
 *
 * @throws ConfigError, which never shows a password or a token.
 */
export function findCredentials(surroundings: Surroundings): Credentials {
  const variable = (name: string) => surroundings.env[name] || undefined;
  const url = variable("TASKCENTER_URL");
  const token = variable("TASKCENTER_TOKEN");
  if (url !== undefined && token !== undefined) {
    checkAddress("TASKCENTER_URL", url);
    return { kind: "token", url, token };
  }
  if (url !== undefined || token !== undefined) {
    throw new ConfigError("TASKCENTER_URL and TASKCENTER_TOKEN must be set together");
  }

  const fromEnvironment = cloudSettings((key) => variable(variableOf(key)));
  const cloudName = variable("OS_CLOUD");
  // A complete environment, as an openrc file makes it, is not mixed with a file that may mean another cloud.
  if (cloudName === undefined) {
    const login = loginIn(fromEnvironment);
    if ("credentials" in login) return login.credentials;
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
        "OS_CLIENT_CONFIG_FILE, or OS_AUTH_URL and its like, or TASKCENTER_URL and TASKCENTER_TOKEN",
    );
  }
  const login = loginIn(overlay(cloud?.settings ?? {}, fromEnvironment));
  if ("credentials" in login) return login.credentials;
  const missing = login.missing.map((key) => `${key} (${variableOf(key)})`).join(" and ");
  throw new ConfigError(`the login is incomplete: ${cloud?.origin ?? "the environment"} lacks ${missing}`);
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

/** The login that settings describe, or what is missing for one. */
function loginIn(
  settings: CloudSettings,
): { readonly credentials: Credentials } | { readonly missing: readonly CloudKey[] } {
  const { auth_type: type, auth_url: authUrl, password, region_name: region } = settings;
  const user = reference({
    id: settings.user_id,
    name: settings.username,
    domainId: settings.user_domain_id,
    domainName: settings.user_domain_name,
  });
  const project = reference({
    id: settings.project_id,
    name: settings.project_name,
    domainId: settings.project_domain_id,
    domainName: settings.project_domain_name,
  });
  if (type !== undefined && type !== "password" && type !== "v3password") {
    throw new ConfigError(
      `auth_type (OS_AUTH_TYPE): ${JSON.stringify(type)} is not known here; use password`,
    );
  }
  if (authUrl !== undefined && user !== undefined && password !== undefined && project !== undefined) {
    checkAddress("auth_url (OS_AUTH_URL)", authUrl);
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
    ["project_name", project],
  ];
  return { missing: needed.filter(([, value]) => value === undefined).map(([key]) => key) };
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
