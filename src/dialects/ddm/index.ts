import type { Dialect } from "../dialect.ts";
import { describeError } from "./errors.ts";
import { parseTaskDetail, parseTaskList } from "./parse.ts";
import { renderTaskDetail, renderTaskList } from "./render.ts";

/** Distributed Database Middleware: the pages "Querying Tasks" and "Obtaining Information About a Task" of its manual. */
export const ddm: Dialect = {
  service: "ddm",
  prefix: "/ddm",
  hostLabels: ["ddm"],
  catalogTypes: ["ddmv1", "ddmv2", "ddmv3"],
  routes: [
    {
      method: "GET",
      path: "/v3/:project_id/jobs",
      parse: parseTaskList,
      render: renderTaskList,
    },
    {
      method: "GET",
      path: "/v3/:project_id/jobs/:job_id",
      parse: parseTaskDetail,
      render: renderTaskDetail,
    },
  ],
  describeError,
};
