import type { Dialect } from "../dialect.ts";
import { describeError } from "./errors.ts";
import { parseTaskList } from "./parse.ts";
import { renderTaskList } from "./render.ts";

/** GeminiDB: the page "Querying Tasks and Details" of its manual. Its older name is GaussDB NoSQL. */
export const geminidb: Dialect = {
  service: "geminidb",
  prefix: "/geminidb",
  hostLabels: ["gaussdb-nosql", "geminidb"],
  catalogTypes: ["geminidb", "nosql"],
  routes: [
    {
      method: "GET",
      path: "/v3/:project_id/jobs",
      parse: parseTaskList,
      render: renderTaskList,
    },
  ],
  describeError,
};
