import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { findFreePorts } from "../scripts/free-ports.ts";

/**
 * The guides, run as they are written. Every block of `sh` is run, all of a guide in one shell, in order; what it
 * prints, stdout and stderr, is the block of `text` right behind it, or nothing where there is none. Behind the language
 * of a block may stand, for those who show it and not for those who read it:
 *
 * - the name of a file, which the block is then written to: the reader is told to;
 * - `background`: it goes on in another terminal, and what follows is run when it has printed what is shown of it;
 * - `example`, of what is printed: the rows differ each time; the first line and the last one have this form;
 * - `python`: it needs Python, which npm does not bring, and is run by `npm run test:interop`.
 *
 * A few things are not as the reader has them. The ports become free ones, so that tests run side by side. The shell
 * stands in an empty folder that has only `bin` and `node_modules` of the checkout in it, and a package that is the
 * checkout's client. `npx taskcenter` is `node bin/taskcenter.js` at once, to which the real npx of a checkout comes more
 * slowly, and `npm start` is the same with `serve`.
 */
const root = fileURLToPath(new URL("..", import.meta.url));

/** Languages of blocks that are no steps; each says who looks at them instead. */
const otherLanguages: Readonly<Record<string, string>> = {
  hcl: "nobody: the guide says so",
  yaml: "test/guides.test.ts",
  nginx: "interop/proxies.test.ts",
  caddyfile: "interop/proxies.test.ts",
};

/** A block of a guide: its language, the words behind that, and what is in it. */
export interface Block {
  readonly language: string;
  readonly words: readonly string[];
  readonly body: string;
}

interface Step {
  readonly script: string;
  readonly isBackground: boolean;
  /** What the guide says that it prints. */
  readonly shown: string;
  readonly isExample: boolean;
}

/** Runs a guide, and holds what it prints against what it shows. Its path is one below `docs/`. */
export async function followGuide(
  guide: string,
  { withPython }: { readonly withPython: boolean },
): Promise<void> {
  const { text: written, freePorts } = await withFreePorts(readFileSync(join(root, "docs", guide), "utf8"));
  const blocks = blocksOf(written).filter(({ words }) => withPython || !words.includes("python"));
  const steps = stepsOf(blocks);
  assert.ok(steps.length > 0);
  const printed = await runSteps(steps, freePorts);
  for (const [at, { script, shown, isExample }] of steps.entries()) {
    const form = isExample ? ends : comparable;
    assert.equal(form(printed[at] ?? "not run"), form(shown), script);
  }
}

/** Every fenced block of a guide. */
export function blocksOf(guide: string): readonly Block[] {
  return Array.from(guide.matchAll(/^```([^\n]*)\n(.*?)^```$/gms), ([, info = "", body = ""]) => {
    const [language = "", ...words] = info.split(" ");
    return { language, words, body };
  });
}

/** The port of a server whose address nobody gave, and those that a guide gives. */
const listenPattern = /--listen\S* 127\.0\.0\.1:(\d+)|http:\/\/127\.0\.0\.1:(8080)/g;

/** Gives every port of the guide's server one that is free, and still is when the guide comes to it. */
async function withFreePorts(
  guide: string,
): Promise<{ readonly text: string; readonly freePorts: ReadonlyMap<string, number> }> {
  const ports = new Set(
    Array.from(guide.matchAll(listenPattern), ([, given, byDefault]) => given ?? byDefault ?? ""),
  );
  const found = await findFreePorts(ports.size);
  const freePorts = new Map([...ports].map((port, index) => [port, found[index] ?? 0]));
  const changed = guide.replace(/(?<=127\.0\.0\.1:|localhost:)\d+/g, (port) =>
    String(freePorts.get(port) ?? port),
  );
  return { text: changed, freePorts };
}

/** Reads the steps of a guide. A block that would be passed over unnoticed is a mistake. */
function stepsOf(blocks: readonly Block[]): readonly Step[] {
  const steps: Step[] = [];
  let before: string | undefined;
  for (const { language, words, body } of blocks) {
    const last = steps.at(-1);
    const file = words.find((word) => word.includes("."));
    if (file !== undefined) {
      // In the folder itself: what is linked into it is the checkout's own.
      assert.match(file, /^[a-z-]+(?:\.[a-z]+)+$/);
      steps.push({
        script: `cat >${file} <<'END OF FILE'\n${body}END OF FILE\n`,
        isBackground: false,
        shown: "",
        isExample: false,
      });
    } else if (language === "sh") {
      steps.push({ script: body, isBackground: words.includes("background"), shown: "", isExample: false });
    } else if (language === "text" && before === "sh" && last !== undefined) {
      steps.splice(-1, 1, { ...last, shown: body, isExample: words.includes("example") });
    } else {
      assert.ok(Object.hasOwn(otherLanguages, language), `neither a step nor the output of one:\n${body}`);
    }
    before = file === undefined ? language : undefined;
  }
  return steps;
}

/** Stands behind what each step prints. */
const separator = "\x1e\n";

/** What a step adds to the shell's script. */
function scriptOf({ script, isBackground, shown }: Step, at: number): string {
  if (!isBackground) return `${script}printf '\\036\\n'\n`;
  const lines = shown.trimEnd().split("\n").length;
  const output = `background-${at}`;
  return [
    `: >${output}`,
    `{\n${script}} >${output} 2>${output}.log &`,
    `until [ "$(wc -l <${output})" -ge ${lines} ] || ! kill -0 $!; do sleep 0.1; done`,
    `head -n ${lines} ${output}`,
    "printf '\\036\\n'\n",
  ].join("\n");
}

/** Runs the steps in one shell, which ends at the first command that fails, and answers what each has printed. */
async function runSteps(
  steps: readonly Step[],
  freePorts: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-guide-"));
  const commands = prepare(directory);
  writeFileSync(join(directory, "guide.sh"), `exec 2>&1\n${steps.map(scriptOf).join("")}`);
  const byDefault = freePorts.get("8080");
  const shell = spawn("sh", ["-e", "guide.sh"], {
    cwd: directory,
    env: {
      PATH: [commands, dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: directory,
      TMPDIR: directory,
      ...(byDefault !== undefined && { TASKCENTER_LISTEN: `127.0.0.1:${byDefault}` }),
    },
    stdio: ["ignore", "pipe", "inherit"],
    // A little less than a test may take, for the output to be seen.
    timeout: 100_000,
    // Its own group: a shell that breaks off leaves its server behind, which is ended with the group.
    detached: true,
  });
  const ended = once(shell, "exit").then(([code]) => {
    endGroup(shell);
    return code;
  });
  const [printed, code] = await Promise.all([text(shell.stdout), ended]);
  rmSync(directory, { recursive: true });
  const parts = printed.split(separator);
  assert.equal(
    code,
    0,
    `the guide broke off in its step ${parts.length}:\n${steps[parts.length - 1]?.script}${parts.at(-1)}`,
  );
  return parts;
}

/** Puts into the empty folder what a checkout has, and answers where the reader's commands lie. */
function prepare(directory: string): string {
  for (const name of ["bin", "node_modules"]) symlinkSync(join(root, name), join(directory, name));
  const self = { name: "taskcenter", type: "module", exports: { "./client": "./client.ts" } };
  writeFileSync(join(directory, "package.json"), JSON.stringify(self));
  const client = JSON.stringify(new URL("../src/client/index.ts", import.meta.url).href);
  writeFileSync(join(directory, "client.ts"), `export * from ${client};\n`);
  const commands = join(directory, "commands");
  mkdirSync(commands);
  const stub = (name: string, word: string, arguments_: string): void => {
    const script = `#!/bin/sh\n[ "$1" = ${word} ] || exit 1\nshift\n[ "$1" != -- ] || shift\nexec node bin/taskcenter.js ${arguments_}"$@"\n`;
    writeFileSync(join(commands, name), script, { mode: 0o755 });
  };
  stub("npx", "taskcenter", "");
  stub("npm", "start", "serve ");
  return commands;
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    // Nothing was left behind.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * Without what no two runs share: times, durations, sizes of files, ids, keys and random passwords, and the spaces that
 * editors take off the ends of lines.
 */
function comparable(printed: string): string {
  return printed
    .replace(/20\d\d-\d\d-\d\dT\d\d([:-])\d\d\1\d\d(\.\d{3})?Z?/g, "TIME")
    .replace(/\b1[789]\d{8}(\.\d+)?\b/g, "TIME")
    .replace(/\d+(\.\d)? (KiB|s)\b/g, "N $2")
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "UUID")
    .replace(/\b[0-9a-f]{32}\b/g, "ID")
    .replace(/ +$/gm, "")
    .trimEnd();
}

/** The form of the first line and of the last one: what a table has above and below its rows. */
function ends(printed: string): string {
  const lines = comparable(printed).split("\n");
  const form = (line = ""): string =>
    line
      .replace(/\b[0-9a-f]{32}(?=in\d\d\b)/g, "ID")
      .replace(/\d+/g, "N")
      .replace(/ +/g, " ");
  return `${form(lines[0])}\n${form(lines.at(-1))}`;
}
