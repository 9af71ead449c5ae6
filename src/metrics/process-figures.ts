import { collectDefaultMetrics, Registry } from "prom-client";
import { familiesOf, type MetricFamily } from "./families.ts";

/**
 * Gauges of the library whose names end as only a counter's may. What they count is there by kind under the same name
 * without that end.
 */
const misnamed = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

let registry: Registry | undefined;

/**
 * What the process uses: time, memory, the event loop's delay. It is observed once for each process, however many
 * servers there are in it, since the observers cannot be taken away again.
 */
export function processFamilies(): Promise<readonly MetricFamily[]> {
  registry ??= observeProcess();
  return familiesOf(registry);
}

function observeProcess(): Registry {
  const observed = new Registry();
  collectDefaultMetrics({ register: observed });
  for (const name of misnamed) observed.removeSingleMetric(name);
  return observed;
}
