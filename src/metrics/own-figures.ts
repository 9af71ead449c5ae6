import { Counter, Gauge, Registry } from "prom-client";
import type { TaskStore } from "../store/store.ts";
import { services, type TaskState } from "../task/lifecycle.ts";
import { familiesOf, type MetricFamily } from "./families.ts";
import { createHistogram, type Observe } from "./histogram.ts";
import { type Operation, observedTaskStore, operations } from "./observed-tasks.ts";
import { processFamilies } from "./process-figures.ts";

/** Which API a request was for, and how it ended: each of few values, so that no caller can make the series many. */
export type RequestLabels = Record<"face" | "method" | "status", string>;

/** What this process counts of its own work. */
export interface OwnFigures {
  /** The same store, whose work is observed. */
  observeTasks(tasks: TaskStore): TaskStore;
  /** So many changes were written with one commit. */
  observeCommit(changes: number): void;
  /** A request was answered. */
  observeRequest(labels: RequestLabels, seconds: number): void;
  families(): Promise<readonly MetricFamily[]>;
}

/** The states in which a task ends. */
export const endStates = ["succeeded", "failed", "canceled"] as const satisfies readonly TaskState[];

const second = 1;
const minute = 60 * second;
const hour = 60 * minute;

/** Opens the figures of this process, all at zero. */
export function openOwnFigures(build: { readonly version: string }): OwnFigures {
  const registry = new Registry();
  const registers = [registry];

  const created = new Counter({
    name: "taskcenter_tasks_created_total",
    help: "Tasks that this process recorded, imported ones included.",
    labelNames: ["service"],
    registers,
  });
  const finished = new Counter({
    name: "taskcenter_tasks_finished_total",
    help: "Tasks of which this process recorded the end, by the state they ended in.",
    labelNames: ["service", "state"],
    registers,
  });
  const durations = createHistogram<"service" | "state">({
    name: "taskcenter_task_duration_seconds",
    help: "How long tasks took from start to end, of those whose end this process recorded.",
    buckets: [
      second,
      5 * second,
      15 * second,
      minute,
      5 * minute,
      15 * minute,
      30 * minute,
      hour,
      2 * hour,
      4 * hour,
      8 * hour,
      24 * hour,
    ],
  });
  // A rate needs the zero before the first one.
  const durationOf = new Map<string, Observe>();
  for (const service of services) {
    created.inc({ service }, 0);
    for (const state of endStates) {
      finished.inc({ service, state }, 0);
      durationOf.set(`${service} ${state}`, durations.series({ service, state }));
    }
  }

  const requests = createHistogram<"face" | "method" | "status">({
    name: "taskcenter_http_request_duration_seconds",
    help: "How long answered requests took, by API, method and class of status.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const latencies = createHistogram<"operation">({
    name: "taskcenter_store_operation_duration_seconds",
    help: "How long the store took, by operation; of a stream each of its parts.",
    buckets: [
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ],
  });
  const commits = createHistogram({
    name: "taskcenter_store_commit_changes",
    help: "How many changes shared a commit.",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  });
  new Gauge({
    name: "taskcenter_build_info",
    help: "Always 1; the labels tell which versions run.",
    labelNames: ["version", "node_version"],
    registers,
  }).set({ version: build.version, node_version: process.version }, 1);

  const latencyOf = new Map(operations.map((operation) => [operation, latencies.series({ operation })]));
  const observer = {
    recorded: ({ service }: { readonly service: string }) => created.inc({ service }),
    ended(labels: { readonly service: string; readonly state: string }, seconds: number) {
      finished.inc(labels);
      durationOf.get(`${labels.service} ${labels.state}`)?.(seconds);
    },
    took: (operation: Operation, seconds: number) => latencyOf.get(operation)?.(seconds),
  };

  const observeCommit = commits.series({});
  const requestsBy = new Map<string, Observe>();

  return {
    observeTasks: (tasks) => observedTaskStore(tasks, observer),
    observeCommit,
    observeRequest(labels, seconds) {
      const key = `${labels.face} ${labels.method} ${labels.status}`;
      let observe = requestsBy.get(key);
      if (observe === undefined) {
        observe = requests.series(labels);
        requestsBy.set(key, observe);
      }
      observe(seconds);
    },
    families: async () => [
      ...(await familiesOf(registry)),
      ...[durations, requests, latencies, commits].map((histogram) => histogram.family()),
      ...(await processFamilies()),
    ],
  };
}
