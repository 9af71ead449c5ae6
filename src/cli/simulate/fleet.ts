import { type Service, services } from "../../task/lifecycle.ts";
import {
  cassandraOperations,
  ddmOperations,
  mongodbOperations,
  mysqlOperations,
  type OperationModel,
  postgresqlOperations,
  redisOperations,
  sqlserverOperations,
  type Target,
} from "./operations.ts";
import { Random } from "./random.ts";

/** A database engine, as its service offers it. */
export interface Engine {
  readonly service: Service;
  /** As labels and details call it. */
  readonly name: string;
  readonly version: string;
  /** How the ids of its instances end: it tells people the engine. */
  readonly idSuffix: string;
  readonly operations: readonly OperationModel[];
}

const engines = {
  mysql: {
    service: "rds",
    name: "mysql",
    version: "8.0.36",
    idSuffix: "in01",
    operations: mysqlOperations,
  },
  postgresql: {
    service: "rds",
    name: "postgresql",
    version: "16.4",
    idSuffix: "in03",
    operations: postgresqlOperations,
  },
  sqlserver: {
    service: "rds",
    name: "sqlserver",
    version: "2022_SE",
    idSuffix: "in04",
    operations: sqlserverOperations,
  },
  ddm: { service: "ddm", name: "ddm", version: "3.1.2", idSuffix: "in09", operations: ddmOperations },
  cassandra: {
    service: "geminidb",
    name: "cassandra",
    version: "3.11",
    idSuffix: "in06",
    operations: cassandraOperations,
  },
  mongodb: {
    service: "geminidb",
    name: "mongodb",
    version: "4.0",
    idSuffix: "in10",
    operations: mongodbOperations,
  },
  redis: {
    service: "geminidb",
    name: "redis",
    version: "6.2",
    idSuffix: "in12",
    operations: redisOperations,
  },
} as const satisfies Record<string, Engine>;

/** One database instance of the fleet. */
export interface FleetInstance {
  readonly id: string;
  readonly name: string;
  readonly engine: Engine;
  readonly target: Target;
  readonly databases: readonly string[];
  readonly team: string;
  readonly environment: string;
  readonly region: string;
  /** The machine from which its team works on it. */
  readonly host: string;
  /** When its nightly backup begins, in minutes after midnight UTC, and how long it usually takes. */
  readonly night: { readonly minute: number; readonly seconds: number };
  /** Behind a DDM instance: the RDS instances that hold its shards. */
  readonly dataNodes: readonly DataNode[];
}

export interface DataNode {
  readonly dn_instance_id: string;
  readonly dn_instance_name: string;
}

export interface Fleet {
  readonly instances: readonly FleetInstance[];
  /** Its backup fails every night. */
  readonly failing: FleetInstance | undefined;
  /** Its backup is not even begun. */
  readonly forgotten: FleetInstance | undefined;
}

interface Application {
  readonly name: string;
  readonly team: string;
  readonly engine: keyof typeof engines;
  readonly databases: readonly string[];
}

const applications: Readonly<Record<Service, readonly Application[]>> = {
  rds: [
    { name: "orders", team: "checkout", engine: "mysql", databases: ["orders"] },
    { name: "billing", team: "finance", engine: "postgresql", databases: ["billing", "invoices"] },
    { name: "catalog", team: "catalog", engine: "mysql", databases: ["catalog"] },
    { name: "ledger", team: "finance", engine: "postgresql", databases: ["ledger"] },
    { name: "erp", team: "logistics", engine: "sqlserver", databases: ["erp", "erp_archive"] },
    { name: "customers", team: "accounts", engine: "mysql", databases: ["customers"] },
    { name: "pricing", team: "catalog", engine: "mysql", databases: ["pricing"] },
    { name: "shipping", team: "logistics", engine: "postgresql", databases: ["shipping"] },
    { name: "reporting", team: "data", engine: "postgresql", databases: ["reporting", "marts"] },
    { name: "payroll", team: "finance", engine: "sqlserver", databases: ["payroll"] },
    { name: "returns", team: "logistics", engine: "mysql", databases: ["returns"] },
    { name: "loyalty", team: "accounts", engine: "mysql", databases: ["loyalty"] },
  ],
  ddm: [
    { name: "ddm-orders", team: "checkout", engine: "ddm", databases: ["orders", "order_history"] },
    { name: "ddm-payments", team: "finance", engine: "ddm", databases: ["payments"] },
    { name: "ddm-stock", team: "logistics", engine: "ddm", databases: ["stock"] },
    { name: "ddm-events", team: "data", engine: "ddm", databases: ["events"] },
  ],
  geminidb: [
    { name: "sessions", team: "accounts", engine: "redis", databases: [] },
    { name: "carts", team: "checkout", engine: "mongodb", databases: ["carts"] },
    { name: "telemetry", team: "data", engine: "cassandra", databases: ["telemetry"] },
    { name: "inventory", team: "logistics", engine: "cassandra", databases: ["inventory"] },
    { name: "profiles", team: "accounts", engine: "mongodb", databases: ["profiles"] },
    { name: "search-cache", team: "catalog", engine: "redis", databases: [] },
  ],
};

const environments = ["prod", "staging", "dev"] as const;

/** How many of a hundred instances each service has, where all are wanted. */
const shares: Readonly<Record<Service, number>> = { rds: 50, ddm: 20, geminidb: 30 };

/** The fleet of a seed. More instances of the same seed are the same ones, and others beside them. */
export function makeFleet(options: {
  readonly seed: number;
  readonly instances: number;
  readonly services: readonly Service[];
}): Fleet {
  const wanted = services.filter((service) => options.services.includes(service));
  const whole = wanted.reduce((total, service) => total + shares[service], 0);
  const instances = wanted.flatMap((service) => {
    const count = Math.max(1, Math.round((options.instances * shares[service]) / whole));
    return instancesOf(service, { seed: options.seed, count });
  });
  const backedUp = instances.filter(
    ({ target, environment, engine }) =>
      target === "primary" && environment === "prod" && nightlyOf(engine) !== undefined,
  );
  return {
    instances,
    failing: backedUp.find(({ engine }) => engine.name === "mysql"),
    forgotten: backedUp.find(({ engine }) => engine.name !== "mysql"),
  };
}

/** The backup that an engine's instances have every night; undefined where there is none. */
export function nightlyOf(engine: Engine): OperationModel | undefined {
  return engine.operations.find(({ nightly }) => nightly);
}

/** The names of everything that is done on some services, in their order. */
export function operationNames(of: readonly Service[]): readonly string[] {
  const names = Object.values(engines)
    .filter(({ service }) => of.includes(service))
    .flatMap(({ operations }) => operations.map(({ name }) => name));
  return [...new Set(names)];
}

function instancesOf(service: Service, of: { readonly seed: number; readonly count: number }) {
  const made: FleetInstance[] = [];
  for (let index = 0; index < of.count; index += 1) {
    const random = new Random(`instance ${of.seed} ${service} ${index}`);
    const all = applications[service];
    const application = all[index % all.length] ?? random.pick(all);
    const round = Math.floor(index / all.length);
    const environment = environments[round % environments.length] ?? "prod";
    const series = Math.floor(round / environments.length) + 1;
    const name = [application.name, environment, ...(series > 1 ? [series] : [])].join("-");
    const instance = makeInstance(random, { application, environment, name, target: "primary" });
    made.push(instance);
    // What comes and goes beside it.
    const { engine } = instance;
    if (index % 4 === 0) {
      const feature = `${application.name}-feature-${random.int(310, 989)}`;
      made.push(
        makeInstance(random, { application, environment: "dev", name: feature, target: "short-lived" }),
      );
    }
    if (engine.operations.some(({ target }) => target === "replica")) {
      made.push(makeInstance(random, { application, environment, name: `${name}-read`, target: "replica" }));
    }
  }
  return made;
}

function makeInstance(
  random: Random,
  facts: Pick<FleetInstance, "name" | "environment" | "target"> & { readonly application: Application },
): FleetInstance {
  const { application, name, environment, target } = facts;
  const engine: Engine = engines[application.engine];
  return {
    id: random.hex(32) + engine.idSuffix,
    name,
    engine,
    target,
    databases: application.databases,
    team: application.team,
    environment,
    region: random.percent(80) ? "eu-de" : "eu-nl",
    host: `${random.pick(["db-ops", "backup"])}-0${random.int(1, 3)}.example.com`,
    night: { minute: random.int(30, 240), seconds: random.int(3 * 60, 40 * 60) },
    dataNodes:
      application.engine === "ddm"
        ? [1, 2, 3, 4].map((number) => ({
            dn_instance_id: `${random.hex(32)}${engines.mysql.idSuffix}`,
            dn_instance_name: `${application.name.replace("ddm-", "")}-dn-${environment}-${number}`,
          }))
        : [],
  };
}
