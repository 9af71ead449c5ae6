import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

/** Shells as people use them, at a terminal of their own, with the Tab key. Without one of them its test fails. */
const launcher = fileURLToPath(new URL("../bin/taskcenter.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "taskcenter-completion-"));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "bin"));
symlinkSync(launcher, join(folder, "bin", "taskcenter"));
const work = join(folder, "work");
mkdirSync(join(work, "old data"), { recursive: true });
writeFileSync(join(work, "tasks one.ndjson"), "");
const env = {
  HOME: folder,
  PATH: [join(folder, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
  LANG: "C.UTF-8",
  TERM: "dumb",
};

const tab = "\t";
const toLineStart = "\x01";
const ready = "what now? ";
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that are taken away.
const escapes = /\x1b\[[?0-9;]*[a-zA-Z]/g;

interface Shell {
  /** Types the beginning of a line, presses Tab, and answers what the line is then. */
  complete(typed: string): Promise<string>;
}

/** A shell at a terminal, which `script` makes. What a completed line is, is seen by having the shell print it. */
async function openShell(
  t: TestContext,
  options: { readonly command: string; readonly setUp: readonly string[] },
): Promise<Shell> {
  const child = spawn("script", ["-q", "-e", "-c", options.command, "/dev/null"], { cwd: work, env });
  t.after(() => {
    child.kill("SIGKILL");
  });
  let written = "";
  let changed = () => {};
  child.stdout.setEncoding("utf8").on("data", (text) => {
    // What a terminal obeys is nothing that anybody reads.
    written = (written + text).replace(escapes, "");
    changed();
  });
  const isWritten = async (wanted: RegExp): Promise<RegExpExecArray> => {
    const giveUp = AbortSignal.timeout(20_000);
    for (;;) {
      const found = wanted.exec(written);
      if (found !== null) return found;
      giveUp.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      changed = resolve;
      giveUp.addEventListener("abort", () => reject(new Error(`${options.command} wrote: ${written}`)));
      await promise;
    }
  };
  for (const line of options.setUp) child.stdin.write(`${line}\r`);
  child.stdin.write("echo set-up-$((1 + 1))\r");
  await isWritten(/set-up-2\r?\n[^\n]*what now\? $/);
  return {
    async complete(typed) {
      written = "";
      // The line's own end is a mark, so that the echo of what is typed is not taken for it.
      child.stdin.write(`${typed}${tab}${toLineStart}printf '<%s>' \r`);
      const [all] = await isWritten(/\n(?:<[^\n]*>)[^\n]*what now\? $/);
      // Shells differ in whether the slash behind a folder stays when the cursor leaves it.
      return Array.from(all.matchAll(/<([^>]*?)\/?>/g), ([, word]) => word).join("|");
    },
  };
}

const completed: Readonly<Record<string, string>> = {
  "taskcenter acc": "taskcenter|access-key",
  "taskcenter list --output=j": "taskcenter|list|--output=json",
  "taskcenter list --state failed --kind sch": "taskcenter|list|--state|failed|--kind|scheduled",
  "taskcenter import ta": "taskcenter|import|tasks one.ndjson",
  "taskcenter serve --config=ta": "taskcenter|serve|--config=tasks one.ndjson",
  "taskcenter serve --data ol": "taskcenter|serve|--data|old data",
  "taskcenter run -- taskcent": "taskcenter|run|--|taskcenter",
};

test("bash completes at the Tab key", async (t) => {
  const setUp = ["source <(taskcenter completion bash)", `PS1='${ready}'`];
  const shell = await openShell(t, { command: "bash --norc --noprofile -i", setUp });
  for (const [typed, line] of Object.entries(completed)) assert.equal(await shell.complete(typed), line);
});

test("zsh completes at the Tab key", async (t) => {
  const setUp = [
    "autoload -U compinit; compinit -u -D",
    "source <(taskcenter completion zsh)",
    `PS1='${ready}'`,
  ];
  const shell = await openShell(t, { command: "zsh -f -i", setUp });
  for (const [typed, line] of Object.entries(completed)) assert.equal(await shell.complete(typed), line);
});

test("fish completes what is typed, and says what it means", () => {
  const complete = (line: string) => {
    const script = `taskcenter completion fish | source; complete -C ${JSON.stringify(line)}`;
    const text = execFileSync("fish", ["--no-config", "-c", script], { cwd: work, env, encoding: "utf8" });
    return text.split("\n").filter((word) => word !== "");
  };
  assert.deepEqual(complete("taskcenter acc"), [
    "access-key\tlook after access keys, with which machines log in",
  ]);
  const states = ["canceled", "failed", "pending", "running", "succeeded"];
  assert.deepEqual(complete("taskcenter list --state "), states);
  assert.deepEqual(complete("taskcenter list --output=j"), ["--output=json"]);
  assert.deepEqual(complete("taskcenter import ta"), ["tasks one.ndjson"]);
  assert.deepEqual(complete("taskcenter serve --config=ta"), ["--config=tasks one.ndjson"]);
  assert.match(complete("taskcenter serve --data=ol").join(), /^--data=old data\/(\t|$)/);
  assert.match(complete("taskcenter run -- taskcent").join(), /^taskcenter\t/);
});
