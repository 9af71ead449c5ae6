import type { Dialect } from "../dialect.ts";
import { describeError } from "./errors.ts";
import { parseTaskList } from "./parse.ts";
import { renderTaskList } from "./render.ts";

/** Relational Database Service: the page "Querying Instant Tasks" of its manual. */
export const rds: Dialect = {
  service: "rds",
  prefix: "/rds",
  hostLabels: ["rds"],
  catalogTypes: ["rdsv3"],
  routes: [
    {
      method: "GET",
      path: "/v3/:project_id/tasklist",
      parse: parseTaskList,
      render: renderTaskList,
    },
  ],
  describeError,
};
