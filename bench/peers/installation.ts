import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** The peers, installed; or why they are not. */
export type Installation = { readonly folder: string } | { readonly missing: string };

const description = fileURLToPath(new URL(".", import.meta.url));
/** What npm needs to know. Copied out of the checkout, so that nothing of it is ever installed there. */
const descriptionFiles = ["package.json", "package-lock.json", ".npmrc", "bullmq-server.js"] as const;
const installationSeconds = 300;
/** npm says first what is wrong, and then how to get help. */
const linesOfFailure = 3;

/**
 * Answers where the peers are installed in the versions of their lock file, and installs them where they are not yet,
 * unless that is not wanted. They are no packages of the project: a failure is an answer, and no error.
 */
export async function installPeers(
  cache: string,
  options: { readonly mayInstall: boolean; readonly signal: AbortSignal },
): Promise<Installation> {
  const contents = descriptionFiles.map((file) => readFileSync(join(description, file), "utf8"));
  const folder = join(cache, `peers-${hash("sha256", contents.join("\n")).slice(0, 12)}`);
  if (existsSync(folder)) return { folder };
  if (!options.mayInstall) return { missing: "not installed" };

  // Finished apart and then renamed: a folder that is there is whole.
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  for (const file of descriptionFiles) cpSync(join(description, file), join(unfinished, file));
  const failure = await runNpm(unfinished, options.signal);
  if (failure !== undefined) {
    rmSync(unfinished, { recursive: true, force: true });
    return { missing: `npm could not install them: ${failure}` };
  }
  renameSync(unfinished, folder);
  return { folder };
}

/** Installs without running anything of what is installed. Answers what went wrong. */
async function runNpm(folder: string, signal: AbortSignal): Promise<string | undefined> {
  const npm = spawn("npm", ["ci", "--ignore-scripts", "--loglevel=error"], {
    cwd: folder,
    signal: AbortSignal.any([signal, AbortSignal.timeout(installationSeconds * 1000)]),
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    const [said, [code]] = await Promise.all([text(npm.stderr), once(npm, "close")]);
    return code === 0 ? undefined : said.trim().split("\n").slice(0, linesOfFailure).join(" ");
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
}
