import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Administration } from "../src/identity/administration.ts";
import { builtinIdentity } from "../src/identity/builtin.ts";
import { builtinAdministration } from "../src/identity/builtin-administration.ts";
import type { Credentials, Identity, Principal } from "../src/identity/identity.ts";
import { openPasswordGate } from "../src/identity/password-gate.ts";
import { type SecretBox, secretBox } from "../src/identity/secret-box.ts";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import type { IdentityStore, Store, UserRecord } from "../src/store/store.ts";

export const startMs = Date.UTC(2026, 0, 31, 8, 30);
export const tokenLifetimeMs = 24 * 60 * 60 * 1000;
export const domain = { id: "default", name: "Default" };
export const project = {
  id: "0483b6b16e954cb88930a360d2c4e663",
  name: "eu-de",
  domain,
  description: "",
  enabled: true,
};
/** The hash of `correct horse battery`, at a cost that tests can pay at every login. */
export const cheapHash =
  "$scrypt$ln=4,r=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$WInxv/g9+gR0zXM+lCkMB5MwvyXFhelwexgV4AsBAhk";
/** The first user, as they log in. */
export const admin = {
  method: "password",
  user: { name: "admin", domain: { id: "default" } },
  password: "correct horse battery",
} as const satisfies Credentials;

/** The built-in identity over a real store with its first project and user, and a clock that a test sets. */
export interface OpenIdentity {
  readonly identity: Identity;
  readonly administration: Administration;
  readonly store: IdentityStore;
  readonly tasks: Store["tasks"];
  readonly secrets: SecretBox;
  /** The same identity over a store some of whose answers are others. */
  identityOver(changes: Partial<IdentityStore>): Identity;
  /** Another server's: the same store, another encryption key. */
  identityWithKey(key: Buffer): Identity;
  /** The first user, in the first project. */
  readonly root: Principal;
  nowMs(): number;
  advance(ms: number): void;
}

export async function openIdentity(
  context: TestContext,
  changes: Partial<UserRecord> = {},
): Promise<OpenIdentity> {
  let nowMs = startMs;
  const clock = (): number => nowMs;
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-identity-"));
  const opened = await openSqliteStore({ path: join(directory, "taskcenter.db"), clock });
  context.after(async () => {
    await opened.close();
    rmSync(directory, { recursive: true });
  });
  const store = opened.identity;
  const user = {
    id: "u1",
    name: "admin",
    domain,
    description: "",
    email: "",
    enabled: true,
    passwordHash: cheapHash,
    ...changes,
  };
  await store.createFirstIdentity({ domain, project, user });
  const parts = {
    store,
    clock,
    passwords: openPasswordGate({ clock, atOnce: 4 }),
    secrets: secretBox(Buffer.alloc(32, 7)),
  };
  return {
    identity: builtinIdentity({ ...parts, tokenLifetimeMs }),
    administration: builtinAdministration(parts),
    store,
    tasks: opened.tasks,
    secrets: parts.secrets,
    identityOver: (others) => builtinIdentity({ ...parts, store: { ...store, ...others }, tokenLifetimeMs }),
    identityWithKey: (key) => builtinIdentity({ ...parts, secrets: secretBox(key), tokenLifetimeMs }),
    root: {
      user: { id: user.id, name: user.name, domain },
      project,
      domain: undefined,
      roles: ["admin"],
      administers: true,
      temporary: false,
    },
    nowMs: clock,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
