import type { Domain } from "../store.ts";
import { type Query, statement } from "./session.ts";

/**
 * A domain as the database makes it of a row. Users, projects and domains are made there, in JSON, so that one answer
 * may hold several of them, or none.
 */
export function domainObject(table: string): string {
  return `json_build_object('id', ${table}.id, 'name', ${table}.name)`;
}

const select = `SELECT ${domainObject("domain")} FROM domain`;
const byId = statement<[Domain]>(`${select} WHERE id = $1`);
const byName = statement<[Domain]>(`${select} WHERE name = $1`);

export async function findDomain(
  query: Query,
  reference: { readonly id: string } | { readonly name: string },
): Promise<Domain | undefined> {
  const rows = "id" in reference ? await query(byId, [reference.id]) : await query(byName, [reference.name]);
  return rows[0]?.[0];
}
