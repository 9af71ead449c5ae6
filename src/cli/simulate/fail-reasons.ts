/**
 * Why things fail, in the words of the engines and tools that say so. `{instance}`, `{database}`, `{host}` and
 * `{replica}` stand for the task's own.
 */

export const mysqlBackup: readonly string[] = [
  "exit status 1: xtrabackup: error: log block numbers mismatch:\n" +
    "xtrabackup: error: expected log block no. 46913024, but got no. 50107904 from the log file.\n" +
    "xtrabackup: error: it looks like InnoDB log has wrapped around before xtrabackup could process all records " +
    "due to either log copying being too slow, or log files being too small.",
  "exit status 2: mysqldump: Error 2013: Lost connection to MySQL server during query when dumping table " +
    "`order_lines` at row: 18429331",
  "exit status 1: xtrabackup: Error writing file '/backup/{instance}/xtrabackup_logfile' (OS errno 28 - No space left " +
    "on device)\nxtrabackup: error: write to logfile failed\nxtrabackup: Error: xtrabackup_copy_logfile() failed.",
];

export const mysqlBackupBroken =
  "exit status 1: xtrabackup: recognized server arguments: --datadir=/var/lib/mysql --log_bin=mysql-bin " +
  "--server-id=1187\n" +
  "xtrabackup: version_check Connecting to MySQL server with DSN 'dbi:mysql:;mysql_read_default_group=xtrabackup'\n" +
  "Failed to connect to MySQL server: DBI connect(';mysql_read_default_group=xtrabackup','backup',...) failed: " +
  "Access denied for user 'backup'@'{host}' (using password: YES) at - line 1314.";

export const postgresqlBackup: readonly string[] = [
  'exit status 1: pg_dump: error: Dumping the contents of table "events" failed: PQgetResult() failed.\n' +
    "pg_dump: detail: Error message from server: ERROR:  canceling statement due to conflict with recovery\n" +
    "DETAIL:  User query might have needed to see row versions that must be removed.\n" +
    "pg_dump: detail: Command was: COPY public.events (id, occurred_at, kind, payload) TO stdout;",
  "exit status 1: pg_basebackup: error: could not receive data from WAL stream: SSL SYSCALL error: Connection timed " +
    "out\npg_basebackup: error: background process terminated unexpectedly\n" +
    'pg_basebackup: removing contents of data directory "/backup/{instance}"',
  'exit status 1: pg_dump: error: connection to server at "{instance}.db.example.com", port 5432 failed: FATAL:  ' +
    "remaining connection slots are reserved for roles with the SUPERUSER attribute",
];

export const sqlserverBackup: readonly string[] = [
  "Msg 3202, Level 16, State 1: Write on 'D:\\backup\\{database}.bak' failed: 112(There is not enough space on the " +
    "disk.)\nMsg 3013, Level 16, State 1: BACKUP DATABASE is terminating abnormally.",
  "Msg 3041, Level 16, State 1: BACKUP failed to complete the command BACKUP DATABASE {database}. Check the backup " +
    "application log for detailed messages.",
];

/** What a bad night in the object storage looks like to everybody who writes backups to it. */
export const objectStorageAway: readonly string[] = [
  "exit status 1: upload of {instance}.xbstream.zst failed after 10 attempts\n" +
    "HTTP 503 Service Unavailable from https://backups.storage.example.com/nightly/{instance}/\n" +
    "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>",
  "exit status 28: curl: (28) Operation timed out after 300000 milliseconds with 7340032 out of 184549376 bytes " +
    "received (https://backups.storage.example.com/nightly/{instance}/part-0041)",
];

export const cassandraBackup: readonly string[] = [
  "exit status 1: nodetool: Failed to connect to '10.20.4.17:7199' - SocketTimeoutException: 'Read timed out'.",
  "exit status 2: error: Snapshot nightly already exists.\n-- StackTrace --\n" +
    "java.io.IOException: Snapshot nightly already exists.\n" +
    "\tat org.apache.cassandra.service.StorageService.takeMultipleTableSnapshot(StorageService.java:3211)\n" +
    "\tat org.apache.cassandra.service.StorageService.takeSnapshot(StorageService.java:3082)",
];

export const mongodbBackup: readonly string[] = [
  "exit status 1: Failed: error writing data for collection `{database}.carts` to disk: error reading collection: " +
    "(CursorNotFound) cursor id 5240371906327155862 not found",
];

export const redisBackup: readonly string[] = [
  "MISCONF: Background saving error: Can't save in background: fork: Cannot allocate memory",
];

export const creation: readonly string[] = [
  "The quota of instances in the project has been reached: 50 of 50 are in use.",
  "Insufficient resources of the flavor rds.x1.4xlarge.4.ha in the availability zone eu-de-02. Try again later, or " +
    "choose another zone.",
  "The subnet has no free IP address: 10.20.4.0/24, 0 of 251 left.",
];

export const restart: readonly string[] = [
  "The instance did not accept connections within 600 seconds after the restart.\n" +
    "Last lines of the error log:\n" +
    "[ERROR] [MY-012574] [InnoDB] Unable to lock ./ibdata1 error: 11\n" +
    "[ERROR] [MY-010334] [Server] Failed to initialize DD Storage Engine\n" +
    "[ERROR] [MY-010119] [Server] Aborting",
  "The node {host} did not answer the agent within 300 seconds.",
];

export const mysqlReplica: readonly string[] = [
  "Replica I/O for channel '': Got fatal error 1236 from source when reading data from binary log: 'Could not find " +
    "first log file name in binary log index file', Error_code: MY-013114",
  "Replica SQL for channel '': Could not execute Write_rows event on table {database}.order_lines; Duplicate entry " +
    "'77120934' for key 'order_lines.PRIMARY', Error_code: 1062; handler error HA_ERR_FOUND_DUPP_KEY; the event's " +
    "source log mysql-bin.004117, end_log_pos 88213347",
];

export const restore: readonly string[] = [
  "The backup is incomplete: part 12 of 37 is missing.",
  "ERROR 1118 (42000) at line 4127: Row size too large (> 8126). Changing some columns to TEXT or BLOB may help.",
];

export const postgresqlRestore: readonly string[] = [
  "exit status 1: pg_restore: while PROCESSING TOC:\n" +
    "pg_restore: from TOC entry 4012; 0 24718 TABLE DATA invoices billing\n" +
    'pg_restore: error: COPY failed for table "invoices": ERROR:  invalid byte sequence for encoding "UTF8": 0xe4 0x74 ' +
    "0x65\nCONTEXT:  COPY invoices, line 90417\npg_restore: warning: errors ignored on restore: 1",
];

export const sqlserverRestore: readonly string[] = [
  "Msg 3154, Level 16, State 4: The backup set holds a backup of a database other than the existing '{database}' " +
    "database.\nMsg 3013, Level 16, State 1: RESTORE DATABASE is terminating abnormally.",
  'Msg 3183, Level 16, State 2: RESTORE detected an error on page (1:1184209) in database "{database}" as read from ' +
    "the backup set.",
];

export const address: readonly string[] = [
  "The elastic IP address 203.0.113.41 is bound to another resource.",
  "The quota of elastic IP addresses has been reached.",
];

export const volume: readonly string[] = [
  "The volume is being used by another operation: BACKING UP.",
  "The storage pool of the availability zone eu-de-01 has less free space than was asked for.",
];

export const upgrade: readonly string[] = [
  "The precheck found 2 obstacles:\n" +
    "- table {database}.sessions_old uses the removed row format COMPRESSED with a key block size of 32\n" +
    "- user 'report'@'%' uses the authentication plugin mysql_native_password",
];

export const ddmNode: readonly string[] = [
  "Node ddm-node-3 did not pass its health check: SELECT 1 timed out after 30 s.",
  "Failed to load metadata from the configuration centre: session expired (code -112).",
  "The data node {replica} is not available: Communications link failure. The last packet sent successfully to the " +
    "server was 0 milliseconds ago.",
];

export const shardMigration: readonly string[] = [
  "Consistency check failed for table order_lines, shard {database}_0007: 18,204,117 rows in the source, 18,204,116 in " +
    "the target.",
  "Incremental replication from {replica} is behind by 7,231 s and does not catch up.",
  "ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction\nwhile switching routes of {database}: " +
    "2 transactions were older than 120 s.",
];

export const nosqlNode: readonly string[] = [
  "Node 10.20.4.17 did not join the ring within 1800 seconds: Unable to contact any seeds.",
  "Streaming failed: Stream failed between 10.20.4.17 and 10.20.4.21\n" +
    "java.lang.RuntimeException: Error during boostrap: Stream failed\n" +
    "\tat org.apache.cassandra.dht.BootStrapper$1.onFailure(BootStrapper.java:86)",
  "The instance has pending compactions: 1,204. Retry when there are fewer than 100.",
];
