import type { TaskCenterError } from "../task/error.ts";
import type { Service } from "../task/lifecycle.ts";
import type { TaskFilter, TaskPage, TaskQuery } from "../task/query.ts";
import type { JsonObject, TaskKey } from "../task/task.ts";

/** One service's wire format, as a value: how it is addressed, what it answers, and how it says no. */
export interface Dialect {
  readonly service: Service;
  /** The path prefix under which the service is always reachable: `/ddm`. */
  readonly prefix: string;
  /** The first labels of `Host` that mean this service: `gaussdb-nosql`. */
  readonly hostLabels: readonly string[];
  /** The types under which clients look for the service in the catalog: `rdsv3`. */
  readonly catalogTypes: readonly string[];
  readonly routes: readonly DialectRoute[];
  /** How this service says an error. Total over our codes. */
  describeError(error: TaskCenterError): ServiceError;
}

/** One documented call. */
export type DialectRoute = DialectRead | DialectDeletion;

/** A call that reads: a pure function from the request to our question, and one from our answer to the body. */
export interface DialectRead {
  readonly method: "GET";
  /** Below the prefix, parameters with a colon: `/v3/:project_id/jobs`. */
  readonly path: string;
  /** @throws TaskCenterError `invalid-parameter`, naming the parameter. */
  parse(request: ServiceRequest): TaskQuery;
  /** @throws TaskCenterError `task-not-found` where the call means one task and there is none. */
  render(page: TaskPage, context: RenderContext): JsonObject;
}

/** A call that deletes the record of one task, and answers 200 without a body. */
export interface DialectDeletion {
  readonly method: "DELETE";
  readonly path: string;
  /** @throws TaskCenterError `invalid-parameter`, naming the parameter. */
  parse(request: ServiceRequest): TaskDeletion;
}

/** Which record is deleted. A task that the filter does not mean is unknown to the call, and stays. */
export interface TaskDeletion {
  readonly key: TaskKey;
  readonly filter: TaskFilter;
}

/** What a dialect sees of a request. */
export interface ServiceRequest {
  readonly projectId: string;
  /** The path's parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The query, decoded; of a key given twice the last value. */
  readonly query: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

/** What rendering needs beside the page: nothing else decides what an answer says. */
export interface RenderContext {
  readonly query: Pick<TaskQuery, "offset" | "limit">;
  /** Shows a time in the services' form and in the zone that is set. */
  readonly showTime: (timeMs: number) => string;
}

/** An error as the services say it. */
export interface ServiceError {
  /** Who says it. A gateway repeats the request's id in the body, a service does not. */
  readonly origin: "gateway" | "service";
  readonly status: number;
  readonly errorCode: string;
  readonly errorMessage: string;
}

/** An error in a service's own words. */
export function serviceError(status: number, errorCode: string, errorMessage: string): ServiceError {
  return { origin: "service", status, errorCode, errorMessage };
}
