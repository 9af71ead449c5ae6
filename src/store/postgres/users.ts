import { nameIsTaken } from "../identity-refusals.ts";
import type { IdentityStore, Reference, User, UserChange, UserRecord } from "../store.ts";
import { createDirectory } from "./directory.ts";
import { domainObject } from "./domains.ts";
import { revokeOfUser } from "./expiring.ts";
import { requireAdministrator } from "./roles.ts";
import { type Query, statement } from "./session.ts";

/** A user as the database makes it of a row and the row of the user's domain. */
export function userObject(domain: string): string {
  return `json_build_object('id', user_account.id, 'name', user_account.name, 'domain', ${domainObject(domain)},
    'description', user_account.description, 'email', user_account.email, 'enabled', user_account.enabled)`;
}

type UserRow = readonly [user: User, passwordHash: string];

const directory = createDirectory<UserRow>({
  table: "user_account",
  select: `SELECT ${userObject("domain")}, user_account.password_hash
    FROM user_account JOIN domain ON domain.id = user_account.domain_id`,
});

const insert = statement<[id: string]>(
  `INSERT INTO user_account (id, domain_id, name, description, email, enabled, password_hash)
   VALUES ($1, $2, $3, $4, $5, $6, $7)
   ON CONFLICT (domain_id, name) DO NOTHING RETURNING id`,
);
/** Changes what is not null, unless the name is another user's. */
const update = statement<[user: User]>(
  `UPDATE user_account SET name = coalesce($2, user_account.name), description = coalesce($3, description),
     email = coalesce($4, email), enabled = coalesce($5, enabled), password_hash = coalesce($6, password_hash)
   FROM domain
   WHERE user_account.id = $1 AND domain.id = user_account.domain_id AND NOT EXISTS (
     SELECT 1 FROM user_account AS bearer
     WHERE bearer.domain_id = user_account.domain_id AND bearer.name = $2 AND bearer.id <> $1
   )
   RETURNING ${userObject("domain")}`,
);
const remove = statement<[domainId: string]>("DELETE FROM user_account WHERE id = $1 RETURNING domain_id");

export async function findUser(query: Query, reference: Reference): Promise<UserRecord | undefined> {
  const row = await directory.find(query, reference);
  return row && { ...row[0], passwordHash: row[1] };
}

export async function listUsers(
  query: Query,
  filter: Parameters<IdentityStore["listUsers"]>[0],
): Promise<readonly User[]> {
  return (await directory.list(query, filter)).map(([user]) => user);
}

export async function createUser(query: Query, user: UserRecord): Promise<void> {
  const { id, domain, name, description, email, enabled, passwordHash } = user;
  const values = [id, domain.id, name, description, email, enabled, passwordHash];
  const { length } = await query(insert, values);
  if (length === 0) throw nameIsTaken("user", name);
}

export async function updateUser(
  query: Query,
  {
    id,
    change,
    condition,
  }: {
    readonly id: string;
    readonly change: UserChange;
    readonly condition?: ((current: UserRecord) => void) | undefined;
  },
): Promise<User | undefined> {
  const current = await findUser(query, { id });
  if (current === undefined) return undefined;
  condition?.(current);
  const { name = null, description = null, email = null, enabled = null, passwordHash = null } = change;
  const [row] = await query(update, [id, name, description, email, enabled, passwordHash]);
  if (row === undefined) throw nameIsTaken("user", name ?? current.name);
  const [user] = row;
  // Also of a user who was disabled: a login that was under way then may have recorded a token since.
  if (!current.enabled || !user.enabled || passwordHash !== null) await revokeOfUser(query, id);
  if (!user.enabled) await requireAdministrator(query, current.domain.id);
  return user;
}

/** Deletes a user; their roles, tokens and access keys go along. */
export async function deleteUser(query: Query, id: string): Promise<boolean> {
  const [row] = await query(remove, [id]);
  if (row === undefined) return false;
  const [domainId] = row;
  await requireAdministrator(query, domainId);
  return true;
}
