import { randomBytes } from "node:crypto";
import type { Domain, IdentityStore } from "../store/store.ts";
import { hashPassword } from "./password.ts";
import { newId } from "./random.ts";

/** What the first start may be told; the rest is random. */
export interface FirstStartSettings {
  readonly region: string;
  readonly adminPassword?: string | undefined;
  readonly projectId?: string | undefined;
  /** Puts the login where its owner finds it. Called before the user exists: a crash never leaves one that nobody knows. */
  readonly keepLogin: (login: FirstLogin) => void;
  /** Takes it away again: another server was faster after all. */
  readonly withdrawLogin?: () => void;
}

/** How the first user logs in: the only moment at which the password is known. */
export interface FirstLogin {
  readonly userName: string;
  readonly password: string;
  readonly projectId: string;
  readonly projectName: string;
  readonly domainName: string;
}

/** The domain that every OpenStack client takes where none is named. */
const defaultDomain: Domain = { id: "default", name: "Default" };

/**
 * Gives an empty store its first domain, a project named as the region (SDKs that know no project id look for that
 * name), and a user who is admin in both. Answers how that user logs in; undefined where the store has its users.
 */
export async function makeFirstIdentity(
  store: IdentityStore,
  { region, adminPassword, projectId, keepLogin, withdrawLogin }: FirstStartSettings,
): Promise<FirstLogin | undefined> {
  // Every later start would hash a password for nothing.
  if ((await store.findDomain({ id: defaultDomain.id })) !== undefined) return undefined;
  const project = {
    id: projectId ?? newId(),
    name: region,
    domain: defaultDomain,
    description: "",
    enabled: true,
  };
  const password = adminPassword ?? randomBytes(24).toString("hex");
  const user = {
    id: newId(),
    name: "admin",
    domain: defaultDomain,
    description: "",
    email: "",
    enabled: true,
    passwordHash: await hashPassword(password),
  };
  const login: FirstLogin = {
    userName: user.name,
    password,
    projectId: project.id,
    projectName: project.name,
    domainName: defaultDomain.name,
  };
  keepLogin(login);
  const isFirst = await store.createFirstIdentity({ domain: defaultDomain, project, user });
  if (isFirst) return login;
  withdrawLogin?.();
  return undefined;
}
