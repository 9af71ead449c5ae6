import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/**
 * The guides, run as they are written. Every block of `sh` is run, all of a guide in one shell, in order; what it
 * prints, stdout and stderr, is the block of `text` right behind it, or nothing where there is none. Blocks of `hcl`
 * are not run, and there are no others.
 *
 * Three things are not as the reader has them. The ports of the guide become free ones, so that tests run side by side.
 * The shell stands in an empty folder that has only `bin` and `node_modules` of the checkout in it. And `npx taskcenter`
 * is `node bin/taskcenter.js` at once, to which the real npx of a checkout comes more slowly.
 */
const root = fileURLToPath(new URL("..", import.meta.url));

interface Step {
  readonly script: string;
  /** What the guide says that it prints. */
  readonly shown: string;
}

const guides = ["test-an-sdk-offline.md", "backup-and-restore.md"];

for (const guide of guides) {
  test(`the guide ${guide} works as it is written`, async () => {
    const steps = readSteps(await withFreePorts(readGuide(guide)));
    assert.ok(steps.length > 0);
    const printed = await runSteps(steps);
    for (const [at, { script, shown }] of steps.entries()) {
      assert.equal(comparable(printed[at] ?? "not run"), comparable(shown), script);
    }
  });
}

function readGuide(name: string): string {
  return readFileSync(join(root, "docs/guides", name), "utf8");
}

/** Gives every port of the guide's server one that is free. They are all held until the last is found. */
async function withFreePorts(guide: string): Promise<string> {
  const ports = new Set(
    Array.from(guide.matchAll(/--listen\S* 127\.0\.0\.1:(\d+)/g), ([, port = ""]) => port),
  );
  const free = new Map<string, number>();
  const probes = [];
  for (const port of ports) {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    probes.push(probe);
    free.set(port, (probe.address() as AddressInfo).port);
  }
  for (const probe of probes) {
    probe.close();
    await once(probe, "close");
  }
  return guide.replace(/(?<=127\.0\.0\.1:|localhost:)\d+/g, (port) => String(free.get(port) ?? port));
}

/** Reads the steps of a guide. A block that would be passed over unnoticed is a mistake. */
function readSteps(guide: string): readonly Step[] {
  const steps: Step[] = [];
  let before: string | undefined;
  for (const [, language, body = ""] of guide.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    const last = steps.at(-1);
    if (language === "sh") steps.push({ script: body, shown: "" });
    else if (language === "text" && before === "sh" && last !== undefined) {
      steps.splice(-1, 1, { ...last, shown: body });
    } else assert.equal(language, "hcl", `neither a step nor the output of one:\n${body}`);
    before = language;
  }
  return steps;
}

/** Stands behind what each step prints. */
const separator = "\x1e\n";

/** Runs the steps in one shell, which ends at the first command that fails, and answers what each has printed. */
async function runSteps(steps: readonly Step[]): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-guide-"));
  for (const name of ["bin", "node_modules"]) symlinkSync(join(root, name), join(directory, name));
  const commands = join(directory, "commands");
  mkdirSync(commands);
  const npx = '#!/bin/sh\n[ "$1" = taskcenter ] || exit 1\nshift\nexec node bin/taskcenter.js "$@"\n';
  writeFileSync(join(commands, "npx"), npx, { mode: 0o755 });
  const script = steps.map((step) => `${step.script}printf '\\036\\n'\n`).join("");
  writeFileSync(join(directory, "guide.sh"), `exec 2>&1\n${script}`);
  const shell = spawn("sh", ["-e", "guide.sh"], {
    cwd: directory,
    env: {
      PATH: [commands, dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: directory,
      TMPDIR: directory,
    },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 60_000,
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

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    // Nothing was left behind.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Without what no two runs share: times, durations, sizes of files, ids of requests, and the spaces that editors take off the ends of lines. */
function comparable(printed: string): string {
  return printed
    .replace(/20\d\d-\d\d-\d\dT\d\d([:-])\d\d\1\d\d(\.\d{3}Z)?/g, "TIME")
    .replace(/\d+(\.\d)? (KiB|s)\b/g, "N $2")
    .replace(/"request_id":"[0-9a-f]{32}"/g, '"request_id":"ID"')
    .replace(/ +$/gm, "")
    .trimEnd();
}
