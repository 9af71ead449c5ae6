import type { Dialect } from "../dialect.ts";
import { describeError } from "./errors.ts";
import {
  parseInstanceTaskList,
  parseScheduledTaskList,
  parseTaskDeletion,
  parseTaskDetail,
  parseTaskList,
} from "./parse.ts";
import {
  renderInstanceTaskList,
  renderScheduledTaskList,
  renderTaskDetail,
  renderTaskList,
} from "./render.ts";

/** Relational Database Service: the calls of its manual's chapter "Obtaining Task Information". */
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
    {
      method: "GET",
      path: "/v3/:project_id/jobs",
      parse: parseTaskDetail,
      render: renderTaskDetail,
    },
    {
      method: "DELETE",
      path: "/v3/:project_id/jobs",
      parse: parseTaskDeletion,
    },
    {
      method: "GET",
      path: "/v3/:project_id/instances/:instance_id/tasklist/detail",
      parse: parseInstanceTaskList,
      render: renderInstanceTaskList,
    },
    {
      method: "GET",
      path: "/v3/:project_id/schedule-tasks",
      parse: parseScheduledTaskList,
      render: renderScheduledTaskList,
    },
  ],
  describeError,
};
