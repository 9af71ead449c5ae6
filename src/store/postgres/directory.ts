import type { Reference } from "../store.ts";
import { type Query, type Statement, statement } from "./session.ts";

/**
 * The questions about users, or about projects, by name. `select` reads rows of `table`, joined with its domain; they
 * hold at least the object.
 */
export function createDirectory<Row extends readonly [object, ...unknown[]]>({
  table,
  select,
}: {
  readonly table: string;
  readonly select: string;
}) {
  const byId: Statement<Row> = statement(`${select} WHERE ${table}.id = $1`);
  const byName: Statement<Row> = statement(`${select} WHERE ${table}.domain_id = $1 AND ${table}.name = $2`);
  const byNames: Statement<Row> = statement(`${select} WHERE domain.name = $1 AND ${table}.name = $2`);
  const inDomain: Statement<Row> = statement(
    `${select} WHERE ${table}.domain_id = $1 ORDER BY ${table}.name`,
  );

  function ask(query: Query, reference: Reference): Promise<readonly Row[]> {
    if ("id" in reference) return query(byId, [reference.id]);
    const { name, domain } = reference;
    return "id" in domain ? query(byName, [domain.id, name]) : query(byNames, [domain.name, name]);
  }

  return {
    async find(query: Query, reference: Reference): Promise<Row | undefined> {
      const [row] = await ask(query, reference);
      return row;
    },

    list(
      query: Query,
      { domainId, name }: { readonly domainId: string; readonly name?: string | undefined },
    ): Promise<readonly Row[]> {
      return name === undefined ? query(inDomain, [domainId]) : query(byName, [domainId, name]);
    },
  };
}
