import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { ConfigError } from "./config.ts";
import { encryptionKeyAgreement, type SharedStore } from "./store/store.ts";

/**
 * The key under which the secret keys of access keys are sealed: 32 bytes, as 64 hex digits in a file of the data
 * folder. It is made where there is none, whole or not at all, so that several starts at once find the same.
 *
 * @throws ConfigError where the file cannot be read or made, holds something else, or can be read by others.
 */
export function keepEncryptionKey(dataDirectory: string): Buffer {
  const path = join(dataDirectory, "encryption.key");
  const problem = (text: string): ConfigError => new ConfigError(`the encryption key ${path} ${text}`);
  try {
    if (!exists(path)) makeKeyFile(path);
    if (!statSync(path).isFile()) throw problem("must be a file");
    if ((statSync(path).mode & 0o077) !== 0 && process.platform !== "win32") {
      throw problem("can be read by others; make it its owner's alone: chmod 600");
    }
    const text = readFileSync(path, "utf8").trim();
    if (!/^[0-9a-f]{64}$/.test(text)) throw problem("must hold 64 hex digits");
    return Buffer.from(text, "hex");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw problem(`cannot be kept: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Holds all servers of a store to one encryption key: what one has sealed, the others must open. The first one records
 * what tells its key, which gives nothing of it away.
 *
 * @throws ConfigError where the others have another key; TaskCenterError `store-unavailable`.
 */
export async function agreeOnEncryptionKey(
  store: Pick<SharedStore, "agree">,
  fingerprint: string,
): Promise<void> {
  const standing = await store.agree(encryptionKeyAgreement, fingerprint);
  if (standing === fingerprint) return;
  throw new ConfigError(
    "TASKCENTER_ENCRYPTION_KEY: the servers on this database have another encryption key, which begins its seals with " +
      `${JSON.stringify(standing)}, not ${JSON.stringify(fingerprint)}; give every server the same key`,
  );
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Writes the file beside its place and links it there, which fails where another start was faster. */
function makeKeyFile(path: string): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, `${randomBytes(32).toString("hex")}\n`);
    fsyncSync(file);
    linkSync(draft, path);
  } catch (error) {
    if (!exists(path)) throw error;
  } finally {
    closeSync(file);
    unlinkSync(draft);
  }
}
