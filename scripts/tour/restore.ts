import { DatabaseSync } from "node:sqlite";

/** Restores a backup after checking that it is whole; exits with 3 when it is not. Usage: restore.ts FROM */
const [from] = process.argv.slice(2);
if (from === undefined) throw new Error("usage: restore.ts FROM");

console.error(`checking ${from.split("/").at(-1)}`);
try {
  const database = new DatabaseSync(from, { readOnly: true });
  const verdict = database.prepare("PRAGMA integrity_check(1)").get();
  if (verdict?.integrity_check !== "ok") throw new Error(String(verdict?.integrity_check));
  console.log("the backup is whole");
} catch (error) {
  console.error(`integrity check: ${error instanceof Error ? error.message.trim() : error}`);
  console.error("nothing was restored");
  process.exitCode = 3;
}
