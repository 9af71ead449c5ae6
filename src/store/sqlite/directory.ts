import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { nameIsTaken } from "../identity-refusals.ts";
import type { Domain, Reference } from "../store.ts";
import { prepare } from "./statements.ts";

/** What is listed in a domain, each with a name of its own there: users, projects. */
export interface Listed {
  readonly id: string;
  readonly name: string;
  readonly domain: Domain;
}

/**
 * Prepares the questions about one kind of them by name. `select` reads a row that begins with the id from `table`,
 * joined with its domain.
 */
export function prepareDirectory<Row extends readonly [id: string, ...SQLOutputValue[]]>(
  database: DatabaseSync,
  {
    kind,
    table,
    select,
  }: { readonly kind: "user" | "project"; readonly table: string; readonly select: string },
) {
  const byId = prepare<Row>(database, `${select} WHERE ${table}.id = ?`);
  const byName = prepare<Row>(database, `${select} WHERE ${table}.domain_id = ? AND ${table}.name = ?`);
  const byNames = prepare<Row>(database, `${select} WHERE domain.name = ? AND ${table}.name = ?`);
  const inDomain = prepare<Row>(database, `${select} WHERE ${table}.domain_id = ? ORDER BY ${table}.name`);

  return {
    find(reference: Reference): Row | undefined {
      if ("id" in reference) return byId.get(reference.id);
      const { name, domain } = reference;
      return "id" in domain ? byName.get(domain.id, name) : byNames.get(domain.name, name);
    },

    list({ domainId, name }: { readonly domainId: string; readonly name?: string | undefined }) {
      return name === undefined ? inDomain.all(domainId) : byName.all(domainId, name);
    },

    /** Refuses a name that another one of the same domain has. */
    requireFreeName({ id, name, domain }: Listed): void {
      const bearer = byName.get(domain.id, name);
      if (bearer !== undefined && bearer[0] !== id) throw nameIsTaken(kind, name);
    },
  };
}
