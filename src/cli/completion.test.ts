import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { completeWords } from "./completion-words.ts";
import { buildProgram } from "./main.ts";

const launcher = fileURLToPath(new URL("../../bin/taskcenter.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "taskcenter-completion-"));
after(() => rmSync(folder, { recursive: true, force: true }));
symlinkSync(launcher, join(folder, "taskcenter"));
const env = { HOME: folder, PATH: [folder, dirname(process.execPath), "/usr/bin", "/bin"].join(":") };

/** Which words are offered, and what the shell is to add. The last word is the one that is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const { candidates, others } = completeWords(buildProgram(), words);
  return [...candidates.map(({ value }) => value), ...(others === "nothing" ? [] : [`:${others}`])];
}

test("commands are offered at the beginning, with what they do, and none that is not for people", () => {
  const { candidates } = completeWords(buildProgram(), ["li"]);
  assert.deepEqual(candidates, [{ value: "list", description: "list tasks, newest first" }]);
  const all = offered("");
  for (const command of buildProgram().commands) assert.ok(all.includes(command.name()), command.name());
  assert.deepEqual(offered("completion", ""), ["bash", "zsh", "fish", "help"]);
  assert.deepEqual(offered("help", "acc"), ["access-key"]);
  assert.ok(offered("help", "user", "").includes("passwd"));
  assert.deepEqual(offered("store", "re"), ["restore", "rebuild-counts"]);
  assert.deepEqual(offered("nonsense", ""), []);
});

test("options are offered where one is begun, and never behind a double dash or in a foreign command", () => {
  assert.deepEqual(offered("list", "--st"), ["--state", "--status", "--stale"]);
  assert.deepEqual(offered("--v"), ["--version"]);
  assert.ok(offered("create", "--").includes("--help"));
  assert.deepEqual(offered("show", "--", "--o"), []);
  assert.deepEqual(offered("run", "--service", "rds", "tar", "--s"), [":files"]);
});

test("an option's values are offered, each option with its own, as often as it takes them", () => {
  assert.deepEqual(offered("create", "--service", ""), ["ddm", "rds", "geminidb"]);
  assert.deepEqual(offered("list", "--state", "failed", "c"), ["canceled"]);
  assert.deepEqual(offered("list", "--state", "failed", "--kind", "s"), ["scheduled"]);
  assert.deepEqual(offered("list", "--output=j"), ["--output=json"]);
  assert.deepEqual(offered("list", "--output=json", ""), []);
  assert.deepEqual(offered("list", "-o", "c"), ["csv"]);
  assert.deepEqual(offered("show", "-ojson", "01"), []);
  assert.deepEqual(offered("create", "--name", "--s"), []);
  assert.deepEqual(offered("list", "--stale", "--sor"), ["--sort"]);
});

test("arguments are offered by what they are: choices, files, folders, programs", () => {
  assert.deepEqual(offered("user", "grant", "ann", "re"), ["reader", "reporter"]);
  assert.deepEqual(offered("user", "grant", "ann", "reader", ""), []);
  assert.deepEqual(offered("import", ""), [":files"]);
  assert.deepEqual(offered("export", "--output", ""), [":files"]);
  assert.deepEqual(offered("serve", "--data", ""), [":directories"]);
  assert.deepEqual(offered("serve", "--config=ta"), [":files"]);
  assert.deepEqual(offered("run", "--service", "rds", "--", "pg"), [":commands"]);
  assert.deepEqual(offered("run", "--", "pg_dump", "--file", ""), [":files"]);
  assert.deepEqual(offered("show", ""), []);
});

/** What bash would offer: the function is called with what bash sets for it when Tab is pressed at the line's end. */
function completeInBash(options: {
  readonly words: readonly string[];
  readonly line?: string;
  readonly cwd?: string;
}): { readonly offered: readonly string[]; readonly stderr: string } {
  const { words, line = words.join(" "), cwd = folder } = options;
  const last = words.at(-1) ?? "";
  const script = `source <(taskcenter completion bash)
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$LINE COMP_POINT=\${#LINE}
    _taskcenter taskcenter "$WORD"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const bash = spawnSync("bash", ["--norc", "-c", script, "bash", ...words], {
    cwd,
    env: { ...env, LINE: line, WORD: last === "=" ? "" : last },
    encoding: "utf8",
  });
  return { offered: bash.stdout.split("\n").filter((text) => text !== ""), stderr: bash.stderr };
}

test("bash completes commands, options, values behind an equals sign, and files", () => {
  const cwd = join(folder, "here");
  mkdirSync(join(cwd, "data folder"), { recursive: true });
  writeFileSync(join(cwd, "tasks one.ndjson"), "");
  const complete = (words: readonly string[], line?: string) => {
    const answer = completeInBash({ words, cwd, ...(line === undefined ? {} : { line }) });
    assert.equal(answer.stderr, "");
    return answer.offered;
  };
  assert.deepEqual(complete(["taskcenter", "acc"]), ["access-key"]);
  assert.deepEqual(complete(["taskcenter", "list", "--state", ""]), [
    "pending",
    "running",
    "succeeded",
    "failed",
    "canceled",
  ]);
  const broken = ["taskcenter", "list", "--output", "="];
  assert.deepEqual(complete([...broken, "c"], "taskcenter list --output=c"), ["csv"]);
  assert.equal(complete(broken, "taskcenter list --output=").length, 4);
  // A port is two words to bash, and one to everybody else.
  const listen = ["taskcenter", "serve", "--listen", "127.0.0.1", ":", "80", "--reg"];
  assert.deepEqual(complete(listen, "taskcenter serve --listen 127.0.0.1:80 --reg"), ["--region"]);
  assert.deepEqual(complete(["taskcenter", "import", "ta"]), ["tasks one.ndjson"]);
  assert.deepEqual(complete(["taskcenter", "serve", "--data", ""]), ["data folder"]);
  const config = ["taskcenter", "serve", "--config", "=", "ta"];
  assert.deepEqual(complete(config, "taskcenter serve --config=ta"), ["tasks one.ndjson"]);
  assert.ok(complete(["taskcenter", "run", "--", "taskcen"]).includes("taskcenter"));
});

test("a program that is gone offers nothing and says nothing", () => {
  assert.deepEqual(completeInBash({ words: ["/nowhere/taskcenter", "li"] }), { offered: [], stderr: "" });
});

test("the help says how each shell is told", () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const help = execFileSync(process.execPath, [launcher, "completion", shell, "--help"], {
      encoding: "utf8",
    });
    assert.match(help, new RegExp(`taskcenter completion ${shell}`));
  }
});
