import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { keepEncryptionKey } from "../src/encryption-key.ts";
import { builtinIdentity } from "../src/identity/builtin.ts";
import { builtinAdministration } from "../src/identity/builtin-administration.ts";
import { makeFirstIdentity } from "../src/identity/first-start.ts";
import type { Identity, Principal } from "../src/identity/identity.ts";
import { hashPassword } from "../src/identity/password.ts";
import { openPasswordGate } from "../src/identity/password-gate.ts";
import { secretBox } from "../src/identity/secret-box.ts";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import type { IdentityStore } from "../src/store/store.ts";
import { systemClock } from "../src/task/clock.ts";
import { adminPassword, projectId } from "./processes.ts";
import type { KeyPair } from "./signing.ts";

/** The built-in identity over the store of a server that does not run yet. Disposing of it leaves the store to the server. */
export interface OpenIdentity extends AsyncDisposable {
  readonly identity: Identity;
  readonly store: IdentityStore;
  /** The first user, for the first project: who they are, and both proofs of it. */
  readonly principal: Principal;
  readonly token: string;
  readonly key: KeyPair;
}

/** Who logs in, and how. */
export interface Login {
  readonly name: string;
  readonly password: string;
}

/** Opens a store in a folder as the server's first start does, and gives its first user a token and an access key. */
export async function openIdentity(directory: string): Promise<OpenIdentity> {
  mkdirSync(directory, { recursive: true });
  const clock = systemClock;
  const opened = await openSqliteStore({ path: join(directory, "taskcenter.db"), clock });
  try {
    const store = opened.identity;
    await makeFirstIdentity(store, { region: "eu-de", adminPassword, projectId, keepLogin: () => {} });
    const parts = {
      store,
      clock,
      passwords: openPasswordGate({ clock, atOnce: 1 }),
      secrets: secretBox(keepEncryptionKey(directory)),
    };
    const identity = builtinIdentity({ ...parts, tokenLifetimeMs: 86_400_000 });
    const { principal, token } = await identity.issueToken(
      { method: "password", user: { name: "admin", domain: { id: "default" } }, password: adminPassword },
      { kind: "project", project: { id: projectId } },
    );
    const key = await builtinAdministration(parts).createAccessKey(principal, {});
    return { identity, store, principal, token, key, [Symbol.asyncDispose]: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Adds a user who may read the project, and has never logged in. */
export async function addUser({ store, principal }: OpenIdentity, name: string): Promise<Login> {
  const { domain } = principal.user;
  const password = "as good as any";
  const passwordHash = await hashPassword(password);
  await store.createUser({ id: name, name, domain, description: "", email: "", enabled: true, passwordHash });
  await store.grantRole({ userId: name, scope: { kind: "project", projectId }, role: "reader" });
  return { name, password };
}
