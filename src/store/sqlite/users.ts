import type { DatabaseSync } from "node:sqlite";
import type { IdentityStore, Reference, User, UserChange, UserRecord } from "../store.ts";
import { prepareDirectory } from "./directory.ts";
import type { Revocations } from "./expiring.ts";
import type { Roles } from "./roles.ts";
import { prepare } from "./statements.ts";

type UserRow = readonly [
  id: string,
  name: string,
  domainId: string,
  domainName: string,
  description: string,
  email: string,
  enabled: number,
  passwordHash: string,
];

/** Prepares the statements on users. */
export function prepareUsers(database: DatabaseSync, revocations: Revocations, roles: Roles) {
  const directory = prepareDirectory<UserRow>(database, {
    kind: "user",
    table: "user_account",
    select: `SELECT user_account.id, user_account.name, domain.id, domain.name, user_account.description,
        user_account.email, user_account.enabled, user_account.password_hash
      FROM user_account JOIN domain ON domain.id = user_account.domain_id`,
  });
  const any = prepare(database, "SELECT 1 FROM user_account LIMIT 1");
  const insert = prepare(
    database,
    `INSERT INTO user_account (id, domain_id, name, description, email, enabled, password_hash)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const replace = prepare(
    database,
    `UPDATE user_account SET name = ?2, description = ?3, email = ?4, enabled = ?5, password_hash = ?6
     WHERE id = ?1`,
  );
  const remove = prepare(database, "DELETE FROM user_account WHERE id = ?");

  function find(reference: Reference): UserRecord | undefined {
    const row = directory.find(reference);
    return row && { ...userOfRow(row), passwordHash: row[7] };
  }

  return {
    any: (): boolean => any.get() !== undefined,

    find,

    /** A user without the proof of their password. */
    read(id: string): User | undefined {
      const row = directory.find({ id });
      return row && userOfRow(row);
    },

    list: (query: Parameters<IdentityStore["listUsers"]>[0]): readonly User[] =>
      directory.list(query).map(userOfRow),

    create(user: UserRecord): void {
      directory.requireFreeName(user);
      const { id, domain, ...facts } = user;
      insert.run(id, domain.id, ...valuesOf(facts));
    },

    update(id: string, change: UserChange, condition?: (current: UserRecord) => void): User | undefined {
      const current = find({ id });
      if (current === undefined) return undefined;
      condition?.(current);
      const changed: UserRecord = {
        ...current,
        name: change.name ?? current.name,
        description: change.description ?? current.description,
        email: change.email ?? current.email,
        enabled: change.enabled ?? current.enabled,
        passwordHash: change.passwordHash ?? current.passwordHash,
      };
      directory.requireFreeName(changed);
      replace.run(id, ...valuesOf(changed));
      // Also of a user who was disabled: a login that was under way then may have recorded a token since.
      if (!current.enabled || !changed.enabled || change.passwordHash !== undefined) revocations.ofUser(id);
      if (!changed.enabled) roles.requireAdministrator(current.domain.id);
      const { passwordHash: _secret, ...user } = changed;
      return user;
    },

    /** Deletes a user; their roles, tokens and access keys go along. */
    delete(id: string): boolean {
      const current = find({ id });
      if (current === undefined) return false;
      remove.run(id);
      roles.requireAdministrator(current.domain.id);
      return true;
    },
  };
}

function userOfRow([id, name, domainId, domainName, description, email, enabled]: UserRow): User {
  return { id, name, domain: { id: domainId, name: domainName }, description, email, enabled: enabled === 1 };
}

/** What may change of a user, in the order in which both statements write it. */
function valuesOf({ name, description, email, enabled, passwordHash }: Omit<UserRecord, "id" | "domain">) {
  return [name, description, email, Number(enabled), passwordHash] as const;
}
