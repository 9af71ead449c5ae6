import * as reasons from "./fail-reasons.ts";

/** What an operation works on: what the fleet lives on, a copy for reading, or what is there for a few days. */
export type Target = "primary" | "replica" | "short-lived";

/** One kind of operation, as the fleet's producers carry it out. */
export interface OperationModel {
  readonly name: string;
  readonly target: Target;
  readonly life: "instant" | "shard" | "scheduled";
  /** How often people ask for it, beside the others of the same engine. */
  readonly weight: number;
  /** The shortest and the longest that it takes. */
  readonly minutes: readonly [from: number, to: number];
  /** It fails once in so many times. */
  readonly failsOneIn: number;
  readonly reasons: readonly string[];
  /** Its producer tells how far it is; others only say that they are there. */
  readonly tellsProgress: boolean;
  /** The instance's own status meanwhile, and when it has succeeded; RDS shows it. */
  readonly instanceStatus?: readonly [during: string, after: string];
  /** It works on one database. */
  readonly onDatabase?: true;
  /** Somebody ordered it, so it has an order id. */
  readonly ordered?: true;
  /** It is made every night too. */
  readonly nightly?: true;
}

const primary = { target: "primary", life: "instant", tellsProgress: true } as const;
const shortLived = { target: "short-lived", life: "instant", tellsProgress: true } as const;

const restartOf = (name: string): OperationModel => ({
  ...primary,
  name,
  weight: 12,
  minutes: [1, 3],
  failsOneIn: 30,
  reasons: reasons.restart,
  tellsProgress: false,
  instanceStatus: ["REBOOTING", "ACTIVE"],
});

const bindAddressOf = (name: string): OperationModel => ({
  ...primary,
  name,
  weight: 5,
  minutes: [1, 2],
  failsOneIn: 15,
  reasons: reasons.address,
  tellsProgress: false,
  instanceStatus: ["MODIFYING", "ACTIVE"],
});

const createOf = (name: string): OperationModel => ({
  ...shortLived,
  name,
  weight: 8,
  minutes: [6, 14],
  failsOneIn: 14,
  reasons: reasons.creation,
  instanceStatus: ["BUILD", "ACTIVE"],
  ordered: true,
});

const enlargeVolumeOf = (name: string): OperationModel => ({
  ...primary,
  name,
  weight: 7,
  minutes: [3, 9],
  failsOneIn: 20,
  reasons: reasons.volume,
  instanceStatus: ["MODIFYING", "ACTIVE"],
  ordered: true,
});

const backupOf = (
  name: string,
  facts: Pick<OperationModel, "minutes" | "reasons" | "onDatabase">,
): OperationModel => ({
  ...primary,
  name,
  weight: 14,
  failsOneIn: 60,
  instanceStatus: ["BACKING UP", "ACTIVE"],
  nightly: true,
  ...facts,
});

/** What is planned for a maintenance window, the same for every engine of RDS. */
const scheduledOperations: readonly OperationModel[] = [
  { name: "RESIZE_FLAVOR", weight: 4, minutes: [8, 20] as const, status: "MODIFYING INSTANCE TYPE" },
  { name: "RESTART_INSTANCE", weight: 3, minutes: [1, 4] as const, status: "REBOOTING" },
  { name: "UPGRADE_DATABASE_VERSION", weight: 3, minutes: [15, 40] as const, status: "MODIFYING" },
].map(({ status, ...facts }) => ({
  ...facts,
  target: "primary",
  life: "scheduled",
  tellsProgress: true,
  failsOneIn: 10,
  reasons: reasons.upgrade,
  instanceStatus: [status, "ACTIVE"],
}));

export const mysqlOperations: readonly OperationModel[] = [
  createOf("CreateMysqlSingleHAInstance"),
  {
    ...createOf("CreateMysqlReplicaInstance"),
    target: "replica",
    minutes: [9, 25],
    reasons: reasons.mysqlReplica,
  },
  restartOf("RestartMysqlInstance"),
  bindAddressOf("MysqlBindEIP"),
  enlargeVolumeOf("EnlargeMysqlVolume"),
  {
    ...primary,
    name: "RestoreMysqlInInstance",
    weight: 5,
    minutes: [12, 45],
    failsOneIn: 9,
    reasons: reasons.restore,
    instanceStatus: ["RESTORING", "ACTIVE"],
  },
  backupOf("BackupInstance", { minutes: [4, 35], reasons: reasons.mysqlBackup }),
  ...scheduledOperations,
];

export const postgresqlOperations: readonly OperationModel[] = [
  createOf("CreatePostgresqlSingleHAInstance"),
  restartOf("RestartPostgresqlInstance"),
  bindAddressOf("PostgresqlBindEIP"),
  enlargeVolumeOf("EnlargePostgresqlVolume"),
  {
    ...primary,
    name: "RestorePostgresqlInInstance",
    weight: 5,
    minutes: [12, 50],
    failsOneIn: 9,
    reasons: reasons.postgresqlRestore,
    instanceStatus: ["RESTORING", "ACTIVE"],
    onDatabase: true,
  },
  backupOf("BackupInstance", { minutes: [5, 40], reasons: reasons.postgresqlBackup }),
  ...scheduledOperations,
];

export const sqlserverOperations: readonly OperationModel[] = [
  createOf("CreateSqlserverSingleHAInstance"),
  restartOf("RestartSqlserverInstance"),
  {
    ...primary,
    name: "RestoreSqlserverInInstance",
    weight: 4,
    minutes: [15, 60],
    failsOneIn: 8,
    reasons: reasons.sqlserverRestore,
    instanceStatus: ["RESTORING", "ACTIVE"],
    onDatabase: true,
  },
  {
    ...primary,
    name: "SingleDbRestoreSqlserverInInstance",
    weight: 6,
    minutes: [4, 20],
    failsOneIn: 9,
    reasons: reasons.sqlserverRestore,
    instanceStatus: ["RESTORING", "ACTIVE"],
    onDatabase: true,
  },
  backupOf("BackupDbSqlserverInInstance", {
    minutes: [4, 30],
    reasons: reasons.sqlserverBackup,
    onDatabase: true,
  }),
  ...scheduledOperations,
];

const ddmNodeOperation = { ...primary, failsOneIn: 18, reasons: reasons.ddmNode } as const;

export const ddmOperations: readonly OperationModel[] = [
  {
    ...primary,
    name: "migrateLogicDb",
    life: "shard",
    weight: 22,
    minutes: [18, 70],
    failsOneIn: 6,
    reasons: reasons.shardMigration,
    onDatabase: true,
  },
  { ...ddmNodeOperation, ...shortLived, name: "CreateInstance", weight: 6, minutes: [4, 9], ordered: true },
  { ...ddmNodeOperation, ...shortLived, name: "DeleteInstance", weight: 4, minutes: [1, 3] },
  { ...ddmNodeOperation, name: "EnlargeNode", weight: 8, minutes: [5, 15], ordered: true },
  { ...ddmNodeOperation, name: "ReduceNode", weight: 4, minutes: [3, 10] },
  { ...ddmNodeOperation, name: "RestartInstance", weight: 7, minutes: [2, 5], tellsProgress: false },
  { ...ddmNodeOperation, name: "RestartNode", weight: 7, minutes: [1, 3], tellsProgress: false },
  { ...ddmNodeOperation, name: "loadMetadata", weight: 9, minutes: [1, 2], tellsProgress: false },
  { ...ddmNodeOperation, name: "BindEIP", weight: 3, minutes: [1, 1], reasons: reasons.address },
  { ...ddmNodeOperation, name: "UnbindEIP", weight: 2, minutes: [1, 1], reasons: reasons.address },
  { ...ddmNodeOperation, name: "RestoreInstance", weight: 3, minutes: [15, 45], reasons: reasons.restore },
  { ...ddmNodeOperation, name: "deleteConsistentBackup", weight: 5, minutes: [1, 2], tellsProgress: false },
  { ...ddmNodeOperation, name: "CreateGroup", weight: 2, minutes: [2, 5] },
  { ...ddmNodeOperation, name: "DeleteGroup", weight: 2, minutes: [1, 3] },
];

const nosqlOperation = { ...primary, failsOneIn: 16, reasons: reasons.nosqlNode } as const;

/** What is asked of GeminiDB is called alike for every engine, but for the creation of an instance. */
const geminidbOperations: readonly OperationModel[] = [
  { ...nosqlOperation, ...shortLived, name: "DeleteInstance", weight: 4, minutes: [2, 4] },
  { ...nosqlOperation, name: "EnlargeInstance", weight: 7, minutes: [10, 35], ordered: true },
  { ...nosqlOperation, name: "ReduceInstance", weight: 4, minutes: [10, 30] },
  { ...nosqlOperation, name: "RestartInstance", weight: 5, minutes: [3, 8], tellsProgress: false },
  { ...nosqlOperation, name: "RestartNode", weight: 9, minutes: [1, 4], tellsProgress: false },
  { ...nosqlOperation, name: "EnlargeInstanceVolume", weight: 7, minutes: [2, 6], reasons: reasons.volume },
  { ...nosqlOperation, name: "ResizeInstance", weight: 6, minutes: [12, 30], ordered: true },
  { ...nosqlOperation, name: "UpgradeDbVersion", weight: 4, minutes: [10, 25] },
  { ...nosqlOperation, name: "BindPublicIP", weight: 2, minutes: [1, 1], reasons: reasons.address },
  {
    ...nosqlOperation,
    name: "ModifySecurityGroup",
    weight: 4,
    minutes: [1, 1],
    tellsProgress: false,
    failsOneIn: 60,
  },
  {
    ...nosqlOperation,
    name: "RestoreNewInstance",
    target: "short-lived",
    weight: 4,
    minutes: [15, 40],
    reasons: reasons.restore,
  },
];

const createNosql = (name: string): OperationModel => ({
  ...nosqlOperation,
  ...shortLived,
  name,
  weight: 6,
  minutes: [8, 18],
  ordered: true,
});

export const cassandraOperations: readonly OperationModel[] = [
  createNosql("CreateCassandra"),
  backupOf("BackupInstance", { minutes: [6, 45], reasons: reasons.cassandraBackup }),
  ...geminidbOperations,
];

export const mongodbOperations: readonly OperationModel[] = [
  createNosql("CreateMongodb"),
  backupOf("BackupInstance", { minutes: [4, 30], reasons: reasons.mongodbBackup }),
  ...geminidbOperations,
];

export const redisOperations: readonly OperationModel[] = [
  createNosql("CreateRedis"),
  backupOf("BackupInstance", { minutes: [2, 10], reasons: reasons.redisBackup }),
  ...geminidbOperations,
];
