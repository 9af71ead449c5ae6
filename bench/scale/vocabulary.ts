import type { Service } from "../../src/task/lifecycle.ts";

/**
 * What the tasks of a large store are called, and the words that they use: those of the services' manuals, the most
 * frequent first.
 */
export const taskNames = {
  ddm: [
    "EnlargeNode",
    "RestartNode",
    "CreateInstance",
    "RestartInstance",
    "migrateLogicDb",
    "BindEIP",
    "UnbindEIP",
    "loadMetadata",
    "DeleteInstance",
    "ReduceNode",
    "CreateGroup",
    "DeleteGroup",
    "RestoreInstance",
    "deleteConsistentBackup",
    "retryMigrateLogicDb",
  ],
  rds: [
    "BackupDbSqlserverInInstance",
    "RestartMysqlInstance",
    "CreateMysqlSingleHAInstance",
    "MysqlBindEIP",
    "CreateMysqlReplicaInstance",
    "CreateSqlserverSingleHAInstance",
    "RestoreSqlserverInInstance",
    "SingleDbRestoreSqlserverInInstance",
  ],
  geminidb: [
    "BackupInstance",
    "EnlargeInstanceVolume",
    "RestartInstance",
    "CreateInstance",
    "CreateCassandra",
    "ResizeInstance",
    "EnlargeInstance",
    "RestartNode",
    "ModifyPort",
    "CreateRedis",
    "CreateMongodb",
    "BindPublicIP",
    "UnbindPublicIP",
    "DeleteInstance",
    "ReduceInstance",
    "UpgradeDbVersion",
    "RestoreNewInstance",
    "ModifySecurityGroup",
    "AddInstanceColdVolume",
    "EnlargeInstanceColdVolume",
    "SwitchOverDisasterRecovery",
    "ConstructDisasterRecovery",
    "DeConstructDisasterRecovery",
    "CreateInfluxdb",
  ],
} as const satisfies Record<Service, readonly [string, ...string[]]>;

/** The name of RDS's scheduled tasks. */
export const scheduledName = "RestartMysqlInstance";

export const databaseNames = ["", "orders", "customers", "billing", "ledger", "catalog"] as const;

export const teams = ["storage", "billing", "platform", "search"] as const;

export const failReasons = [
  "exit status 1: no space left on device",
  "The instance did not answer within 300 seconds.",
  "The node is being repaired. Try again later.",
  "Insufficient quota of volumes.",
] as const;
