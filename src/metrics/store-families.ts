import { services, taskStates } from "../task/lifecycle.ts";
import type { MetricFamily, Sample } from "./families.ts";
import type { StoreFigures } from "./store-figures.ts";

/** The figures of the store as metrics. */
export function storeFamilies(figures: StoreFigures, nowMs: number): readonly MetricFamily[] {
  return [
    gauge(
      "taskcenter_tasks",
      "Tasks in the store, over all projects, by service and state.",
      services.flatMap((service) =>
        taskStates.map((state) => ({ labels: { service, state }, value: figures.tasks[service][state] })),
      ),
    ),
    gauge(
      "taskcenter_stale_tasks",
      "Tasks that have not ended, and whose producers have been silent for longer than they promised.",
      services.map((service) => ({ labels: { service }, value: figures.stale[service] })),
    ),
    gauge(
      "taskcenter_oldest_running_task_age_seconds",
      "How long ago the oldest of the running tasks was created; 0 where none runs.",
      services.map((service) => ({
        labels: { service },
        value: seconds(Math.max(0, nowMs - (figures.oldestRunningAtMs[service] ?? nowMs))),
      })),
    ),
    gauge(
      "taskcenter_last_success_timestamp_seconds",
      "When a task of this service and name last succeeded on this instance.",
      figures.successes.map(({ projectId, service, name, instanceId, endedAtMs }) => ({
        labels: { project_id: projectId, service, name, instance_id: instanceId },
        value: seconds(endedAtMs),
      })),
    ),
    single("taskcenter_last_success_series", "How many last successes are told.", figures.successes.length),
    single(
      "taskcenter_last_success_projects_left_out",
      "Projects with successes of which not all are told: there are too many, or there is no metrics token.",
      figures.projectsLeftOut,
    ),
    single("taskcenter_projects", "Projects.", figures.projects),
    single(
      "taskcenter_projects_unanswered",
      "Projects of which some figures are missing, since finding them takes too long.",
      figures.projectsUnanswered,
    ),
    single(
      "taskcenter_store_figures_timestamp_seconds",
      "When the figures of the whole store were gathered.",
      seconds(figures.gatheredAtMs),
    ),
    single(
      "taskcenter_store_figures_duration_seconds",
      "How long it took to gather the figures of the whole store.",
      seconds(figures.tookMs),
    ),
  ];
}

/** Whether the store answers: told also where nothing else is known. */
export function storeUpFamily(isUp: boolean): MetricFamily {
  return single("taskcenter_store_up", "Whether the store answers: 1 or 0.", isUp ? 1 : 0);
}

/** How many processes serve behind this address, and how many of them said what they do. */
export function workerFamilies(workers: {
  readonly all: number;
  readonly answering: number;
}): readonly MetricFamily[] {
  return [
    single("taskcenter_workers", "Processes that this server is meant to have.", workers.all),
    single(
      "taskcenter_workers_answering",
      "Processes of this server whose own figures are told.",
      workers.answering,
    ),
  ];
}

function gauge(name: string, help: string, values: readonly Sample[]): MetricFamily {
  return { name, help, type: "gauge", values };
}

function single(name: string, help: string, value: number): MetricFamily {
  return gauge(name, help, [{ labels: {}, value }]);
}

function seconds(ms: number): number {
  return ms / 1000;
}
