import type { BatchLine, CreateTaskBody, ReportTaskBody } from "../../client/index.ts";
import type { FleetInstance } from "./fleet.ts";
import type { OperationModel } from "./operations.ts";
import { plainId, Random, uuidLikeId } from "./random.ts";
import type { FleetTime } from "./scenario.ts";

/** Somebody begins with an operation on an instance. */
export interface Arrival {
  readonly atMs: number;
  readonly instance: FleetInstance;
  readonly operation: OperationModel;
  readonly trigger: "schedule" | "manual" | "automation";
  readonly attempt: number;
  /** The task that failed before; null at the first attempt. */
  readonly parentId: string | null;
  /** What becomes of it, where that is not left to chance. */
  readonly fate?: Fate;
}

export type Fate =
  | {
      readonly kind: "fails";
      readonly reasons: readonly string[];
      /** It fails as soon as it has begun. */
      readonly atOnce: boolean;
      readonly retriesFail: boolean;
    }
  | { readonly kind: "goes-silent" }
  | { readonly kind: "completes" };

/** A task of the fleet, for whoever tells people of it. */
export interface PlannedTask {
  readonly id: string;
  readonly name: string;
  readonly instance: FleetInstance;
  readonly createdMs: number;
}

/** Something that the fleet tells of a task, when it happens in the fleet's time. */
export interface PlannedLine {
  readonly atMs: number;
  readonly line: Exclude<BatchLine, { readonly import: unknown }>;
}

/** Everything that is told of one task. */
export interface TaskPlan {
  readonly task: PlannedTask;
  /** In the order of their time. */
  readonly lines: readonly PlannedLine[];
  readonly followUps: readonly Arrival[];
}

/** What it takes to plan a task. */
export interface Planning {
  /** Another one for every task: its id and its chances follow from it. */
  readonly key: string;
  readonly time: FleetTime;
  /** The value of the label by which the fleet is known. */
  readonly fleetLabel: string;
}

/** Who asks for things. */
const people = ["a.keller", "j.novak", "m.rossi", "s.lindqvist", "t.okafor", "v.marin"] as const;

/** How often a task that lives reports at most, and how many times it does at least. */
const shortestPauseMs = 10_000;
const reportsPerTask = 25;
const reportsPerPastTask = 3;

/** Writes down what is told of a task, step by step. */
export class Script {
  readonly random: Random;
  readonly arrival: Arrival;
  readonly id: string;
  readonly person: string;
  readonly #planning: Planning;
  readonly #lines: PlannedLine[] = [];
  readonly #followUps: Arrival[] = [];

  constructor(arrival: Arrival, planning: Planning) {
    this.arrival = arrival;
    this.#planning = planning;
    this.random = new Random(planning.key);
    const makeId = arrival.instance.engine.service === "rds" ? plainId : uuidLikeId;
    this.id = makeId(planning.key);
    this.person = this.random.pick(people);
  }

  /** A time of the fleet as it is told. */
  timeText(fleetMs: number): string {
    return this.#planning.time.text(fleetMs);
  }

  /** Whether something of the fleet's time is told only after it has happened. */
  isPast(fleetMs: number): boolean {
    return this.#planning.time.isPast(fleetMs);
  }

  /** A lease for somebody who reports so often. */
  leaseSeconds(fleetSeconds: number): number {
    return this.#planning.time.leaseSeconds(this.arrival.atMs, fleetSeconds);
  }

  create(body: Partial<CreateTaskBody>): void {
    const { instance, operation, atMs, attempt, parentId, trigger } = this.arrival;
    const { engine } = instance;
    const status = engine.service === "rds" ? operation.instanceStatus?.[0] : undefined;
    const create: CreateTaskBody = {
      id: this.id,
      service: engine.service,
      name: operation.name,
      instance: {
        id: instance.id,
        name: instance.name,
        ...(status === undefined ? {} : { status }),
      },
      created_at: this.timeText(atMs),
      ...(operation.onDatabase && instance.databases.length > 0
        ? { database_name: this.random.pick(instance.databases) }
        : {}),
      ...(operation.ordered ? { order_id: this.#orderId() } : {}),
      ...(parentId === null ? {} : { parent_id: parentId, attempt }),
      labels: {
        team: instance.team,
        environment: instance.environment,
        region: instance.region,
        engine: engine.name,
        trigger,
        fleet: this.#planning.fleetLabel,
      },
      ...body,
    };
    this.#lines.push({ atMs, line: { create } });
  }

  report(atMs: number, report: ReportTaskBody): void {
    const reported_at = this.timeText(atMs);
    this.#lines.push({ atMs, line: { report: { id: this.id, ...report, reported_at } } });
  }

  /** A sign of life, which only matters while somebody listens. */
  heartbeat(atMs: number): void {
    if (!this.#planning.time.isPast(atMs)) this.#lines.push({ atMs, line: { report: { id: this.id } } });
  }

  /** How long a task that takes so long is silent between two reports: of the past less is told. */
  pauseMs({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): number {
    const isPast = this.#planning.time.isPast(toMs);
    return Math.max(
      shortestPauseMs,
      Math.floor((toMs - fromMs) / (isPast ? reportsPerPastTask : reportsPerTask)),
    );
  }

  /** Reports how an execution goes on that would be done at some time, up to another. Answers how far it is then. */
  goOn(span: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly untilMs: number;
    readonly tellsProgress: boolean;
  }): number {
    const { fromMs, toMs, untilMs, tellsProgress } = span;
    const pauseMs = this.pauseMs(span);
    let told = 0;
    for (let atMs = fromMs + pauseMs; atMs < untilMs; atMs += pauseMs) {
      const share = Math.floor((100 * (atMs - fromMs)) / (toMs - fromMs));
      // Nothing goes on evenly: half of a copy may take a third of its time.
      const percent = Math.min(99, Math.max(told, share + this.random.int(-3, 3)));
      if (!tellsProgress || percent === told) {
        this.heartbeat(atMs);
      } else {
        told = percent;
        this.report(atMs, { progress: percent });
      }
    }
    return Math.max(told, Math.min(99, Math.floor((100 * (untilMs - fromMs)) / (toMs - fromMs))));
  }

  followUp(arrival: Arrival): void {
    this.#followUps.push(arrival);
  }

  /** A reason with the task's own names in it. */
  reasonOf(reasons: readonly string[]): string {
    const { instance } = this.arrival;
    const database = instance.databases[0] ?? instance.name;
    const replica = instance.dataNodes[0]?.dn_instance_name ?? `${instance.name}-read`;
    return this.random
      .pick(reasons)
      .replaceAll("{instance}", instance.name)
      .replaceAll("{database}", database)
      .replaceAll("{host}", instance.host)
      .replaceAll("{replica}", replica);
  }

  plan(): TaskPlan {
    const { instance, operation, atMs } = this.arrival;
    return {
      task: { id: this.id, name: operation.name, instance, createdMs: atMs },
      lines: this.#lines,
      followUps: this.#followUps,
    };
  }

  /** As shops write it: when it was ordered, and some characters. */
  #orderId(): string {
    const when = this.timeText(this.arrival.atMs).slice(2, 16).replace(/\D/g, "");
    return `CS${when}${this.random.hex(5).toUpperCase()}`;
  }
}
