/** Looking after a store's file: what the commands of `taskcenter store` do. */
export { type BackupFacts, backUpStore } from "./backup.ts";
export type { CopyWatch } from "./copy.ts";
export { openMoveSource } from "./move-source.ts";
export { recountStore } from "./rebuild.ts";
export { restoreStore } from "./restore.ts";
export { inThread } from "./thread.ts";
