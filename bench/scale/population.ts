import { hash } from "node:crypto";
import { projectId } from "../processes.ts";
import { powerLaw } from "./random.ts";

/** A project, and how much of everything is its own. */
export interface ProjectPlan {
  readonly id: string;
  /** The share of all tasks that it can expect. All shares together are 1. */
  readonly share: number;
  readonly instances: number;
}

/** Who has the tasks, and for how long they have come. */
export interface Population {
  /** How many tasks there are. */
  readonly tasks: number;
  /** The largest project first. */
  readonly projects: readonly [ProjectPlan, ...ProjectPlan[]];
  /** The first task came after this, and the last one before `endMs`. */
  readonly beginMs: number;
  readonly endMs: number;
}

/** What the largest project has of all tasks. */
const largestShare = 0.3;
const otherProjects = 1000;
/** Fewer projects where there are few tasks: each should have some. */
const leastTasksOfProject = 200;
const instancesOf = { largest: 20_000, other: 100 } as const;
const tasksPerInstance = 10;
/** A power law over the other projects: the second of all has some 20 times what the last one has. */
const steepness = 0.45;
const daysOfTasks = 400;
export const dayMs = 86_400_000;

/** The projects of a store with so many tasks, which came until `endMs`. */
export function populationOf({ tasks, endMs }: { tasks: number; endMs: number }): Population {
  const others = Math.max(1, Math.min(otherProjects, Math.floor(tasks / leastTasksOfProject)));
  const weights = Array.from({ length: others }, powerLaw(steepness));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const plan = (id: string, share: number, instances: number): ProjectPlan => ({
    id,
    share,
    instances: Math.max(1, Math.min(instances, Math.floor((tasks * share) / tasksPerInstance))),
  });
  return {
    tasks,
    projects: [
      plan(projectId, largestShare, instancesOf.largest),
      ...weights.map((weight, n) =>
        plan(hash("md5", `project ${n + 1}`), ((1 - largestShare) * weight) / sum, instancesOf.other),
      ),
    ],
    beginMs: endMs - daysOfTasks * dayMs,
    endMs,
  };
}
