import { type Command, Option } from "commander";
import type { CheckEvent, CheckResult } from "../../store/checks.ts";
import { exitCodes } from "../exit-codes.ts";
import { progressOn } from "../progress.ts";
import { print, stdout } from "../terminal.ts";
import { oneLine } from "../text.ts";
import {
  commandOnStore,
  type ExistingStore,
  loadPostgresUpkeep,
  loadUpkeep,
  readExistingStore,
  type StoreOptions,
} from "./command.ts";

/** `taskcenter store check`: whether everything in the store is as it must be. */
export function checkCommand(): Command {
  return commandOnStore("check")
    .summary("check that the store is whole and its counts are right; the server may run")
    .description(
      "Checks the store, as it is at one moment, and changes nothing. A server may run, and goes on working meanwhile.\n" +
        "  pages       the structure of the file, and every index against its table\n" +
        "  schema      tables and indexes, and the steps that made them, are ours\n" +
        "  references  what belongs to something belongs to something that is there\n" +
        "  counts      the counts that are kept, against the tasks themselves\n" +
        "In PostgreSQL, which looks after files and references itself:\n" +
        "  schema      the same\n" +
        "  tasks       tasks and their histories do not contradict themselves\n" +
        "  counts      the same, project by project, each series as it is at one moment\n" +
        "Millions of tasks take minutes. Exit codes: 0 all is well, 1 something is wrong.",
    )
    .addOption(new Option("-o, --output <FORM>", "how to show it").choices(["text", "json"]).default("text"))
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter store check
  $ taskcenter store check --data /var/lib/taskcenter -o json
  $ taskcenter store check --store postgres://taskcenter@db.example.com/taskcenter`,
    )
    .action(async ({ output, ...options }: StoreOptions & { readonly output: "text" | "json" }) => {
      const store = readExistingStore(options);
      const results = await check(store, (result) => {
        if (output === "text") stdout().write(resultText(result));
      });
      if (output === "json") await print(`${JSON.stringify(results, undefined, 2)}\n`);
      const wrong = results.filter(({ findings }) => findings.length > 0);
      if (wrong.length === 0) return;
      process.stderr.write(`taskcenter: ${adviceFor(wrong, store)}\n`);
      process.exitCode = exitCodes.failed;
    });
}

/** Checks a store with its progress on the terminal, and tells each result as it comes. */
async function check(
  store: ExistingStore,
  tell: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  const progress = progressOn(process.stderr);
  const results: CheckResult[] = [];
  const onEvent = (event: CheckEvent): void => {
    if (event.kind === "progress") progress.show(`checking ${event.check}`, event.percent);
    else {
      progress.erase();
      results.push(event.result);
      tell(event.result);
    }
  };
  try {
    if (store.kind === "postgres") await (await loadPostgresUpkeep()).checkStore({ url: store.url }, onEvent);
    else await (await loadUpkeep()).inThread("checkStore", { storePath: store.storePath }, { onEvent });
    return results;
  } finally {
    progress.erase();
  }
}

/** One line where all is well, else one for each finding. */
function resultText({ check: name, findings }: CheckResult): string {
  const lines = findings.length === 0 ? ["ok"] : findings.map(oneLine);
  return lines.map((line, index) => `${(index === 0 ? name : "").padEnd(12)}${line}\n`).join("");
}

/** Counts follow from the tasks; for anything else there is only the backup. */
function adviceFor(wrong: readonly CheckResult[], { kind }: ExistingStore): string {
  const onlyCounts = wrong.every(({ check: name }) => name === "counts");
  const isFile = kind === "sqlite";
  if (onlyCounts) {
    const first = isFile ? "stop the server, and " : "";
    return `the counts are wrong, the tasks are not: ${first}run taskcenter store rebuild-counts`;
  }
  return isFile
    ? "the store is damaged: stop the server, and restore a backup with taskcenter store restore --replace"
    : "the store is damaged: stop the servers, and restore a backup with PostgreSQL's own tools";
}
