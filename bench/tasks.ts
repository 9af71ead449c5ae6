import type { CreateTaskBody } from "../src/client/types.ts";
import { type Service, services } from "../src/task/lifecycle.ts";
import { type Load, load, type Target } from "./load.ts";
import { projectId } from "./processes.ts";

/** The tasks of the project, in our own API. */
export const tasksPath = `/v1/${projectId}/tasks`;

/** How many producers write at the same time. */
export const writers = 64;

const names = {
  ddm: ["CreateInstance", "EnlargeNode", "RestartInstance"],
  rds: ["CreateMysqlSingleHAInstance", "RestartMysqlInstance", "MysqlBindEIP"],
  geminidb: ["CreateInstance", "EnlargeInstanceVolume", "RestartInstance"],
} as const satisfies Record<Service, readonly [string, ...string[]]>;

/** How a task stands when it is created. */
type Standing = Pick<CreateTaskBody, "status" | "progress" | "fail_reason">;

/** How the tasks of a project stand that has been in use for a while, in turns. */
const settled = [
  { status: "Completed" },
  { status: "Running", progress: 40 },
  { status: "Completed" },
  { status: "Failed", fail_reason: "exit status 1: no space left on device" },
] as const satisfies Standing[];

/** A task that its producer has just begun. */
const begun = {} as const satisfies Standing;

/** The id of a service's n-th task, as long as a UUID. */
export function taskId(service: Service, n: number): string {
  return `${service}-${String(n).padStart(35 - service.length, "0")}`;
}

/** Gives each service so many tasks, of which some run, some failed, and most are completed. */
export async function fillProject(server: Target, tasksOfEachService: number): Promise<void> {
  await createAll(
    server,
    services.flatMap((service) =>
      Array.from({ length: tasksOfEachService }, (_, n) => creation(service, n, inTurns(settled, n))),
    ),
  );
}

/** Creates the RDS tasks of these numbers, each with a request of its own, by many writers at once. */
export function createTasks(server: Target, range: { from: number; to: number }): Promise<Load> {
  const { from, to } = range;
  return createAll(
    server,
    Array.from({ length: to - from }, (_, index) => creation("rds", from + index, begun)),
  );
}

/** A service's n-th task, as its producer creates it. */
function creation(service: Service, n: number, standing: Standing): CreateTaskBody {
  const instance = n % 100;
  return {
    id: taskId(service, n),
    service,
    name: inTurns(names[service], n),
    instance: {
      id: `${String(instance).padStart(32, "0")}in01`,
      name: `orders-${instance}`,
      status: "ACTIVE",
    },
    database_name: "orders",
    order_id: `CS${String(n).padStart(14, "0")}`,
    ...standing,
  };
}

function inTurns<T>(values: readonly [T, ...T[]], n: number): T {
  return values[n % values.length] ?? values[0];
}

function createAll(server: Target, bodies: readonly CreateTaskBody[]): Promise<Load> {
  const waiting = bodies.values();
  return load(server, {
    connections: Math.min(writers, bodies.length),
    requestsOf: () => [
      {
        method: "POST",
        path: tasksPath,
        headers: { "content-type": "application/json" },
        setupRequest: (request) => ({ ...request, body: JSON.stringify(waiting.next().value) }),
      },
    ],
    until: { answers: bodies.length },
  });
}
