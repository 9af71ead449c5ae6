import type { Query, Session, Statement, Value } from "../src/store/postgres/session.ts";

/** A node of a plan that was carried out, as the database tells it. */
export interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
  readonly Plans?: readonly PlanNode[];
}

/** A statement that was asked, and how the database carries it out. */
export interface Explained {
  readonly text: string;
  readonly plan: PlanNode;
}

/**
 * A session that has the database explain each statement as it carries it out, with the plan that it has for all values,
 * and undoes that again before the statement is carried out for good.
 */
export function explaining(session: Session): { readonly session: Session; take(): readonly Explained[] } {
  let explained: Explained[] = [];

  async function explain(query: Query, { text }: Statement<never>, values: readonly Value[]): Promise<void> {
    const plainly = (sql: string) => query<readonly unknown[]>({ text: sql, name: "" });
    await plainly("SAVEPOINT explained");
    await plainly("SET LOCAL plan_cache_mode = force_generic_plan");
    await plainly(`PREPARE asked AS ${text}`);
    const given = values.length === 0 ? "" : `(${values.map(literalOf).join(", ")})`;
    const rows = await plainly(`EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE asked${given}`);
    const [[{ Plan: plan }]] = rows[0] as [[{ Plan: PlanNode }]];
    await plainly("DEALLOCATE asked");
    await plainly("ROLLBACK TO SAVEPOINT explained");
    explained.push({ text, plan });
  }

  /** One statement after the other: what is explained must not mix with what is carried out. */
  function inTurn(query: Query): Query {
    let last: Promise<unknown> = Promise.resolve();
    return (asked, values = []) => {
      const answer = last.then(async () => {
        if (asked.name !== "") await explain(query, asked as Statement<never>, values);
        return await query(asked, values);
      });
      last = answer.catch(() => {});
      return answer;
    };
  }

  return {
    session: {
      connections: session.connections,
      query: (asked, values) => session.transaction((query) => inTurn(query)(asked, values)),
      snapshot: (read) => session.snapshot((query) => read(inTurn(query)), 30_000),
      transaction: (change, isolation) => session.transaction((query) => change(inTurn(query)), isolation),
      close: () => session.close(),
    },
    take() {
      const taken = explained;
      explained = [];
      return taken;
    },
  };
}

export function nodesIn(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesIn)];
}

/** A value as the database reads it, whatever its type is. */
function literalOf(value: Value): string {
  if (value === null) return "NULL";
  const text = typeof value === "object" ? `{${value.map(elementOf).join(",")}}` : String(value);
  return `'${text.replaceAll("'", "''")}'`;
}

function elementOf(value: string | number | boolean | null): string {
  return value === null ? "NULL" : `"${String(value).replace(/["\\]/g, "\\$&")}"`;
}
