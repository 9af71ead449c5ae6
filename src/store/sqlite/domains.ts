import type { DatabaseSync } from "node:sqlite";
import type { Domain } from "../store.ts";
import { prepare } from "./statements.ts";

type DomainRow = readonly [id: string, name: string];

/** Prepares the statements on domains. */
export function prepareDomains(database: DatabaseSync) {
  const byId = prepare<DomainRow>(database, "SELECT id, name FROM domain WHERE id = ?");
  const byName = prepare<DomainRow>(database, "SELECT id, name FROM domain WHERE name = ?");
  const insert = prepare(database, "INSERT INTO domain (id, name) VALUES (?, ?)");

  return {
    find(reference: { readonly id: string } | { readonly name: string }): Domain | undefined {
      const row = "id" in reference ? byId.get(reference.id) : byName.get(reference.name);
      return row && domainOfRow(row);
    },

    insert({ id, name }: Domain): void {
      insert.run(id, name);
    },
  };
}

function domainOfRow([id, name]: DomainRow): Domain {
  return { id, name };
}
