import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { TaskCenterError } from "../task/error.ts";

/**
 * Passwords as scrypt hashes in PHC string form: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`. Every string carries its own
 * cost, so that a later, dearer one leaves the passwords of today readable.
 */
interface ScryptHash {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** OWASP's Password Storage Cheat Sheet: as strong as N=2^17, p=1, in a quarter of its memory (32 MiB). */
const cost = { log2N: 15, r: 8, p: 3 } as const;
const saltBytes = 16;
const keyBytes = 32;

/** Node's threads do the work (the synchronous form would stop every other request for as long). */
const scryptOffLoop = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** Hashes a password with a new salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return formatHash({ ...cost, salt, key: await deriveKey(password, { ...cost, salt }) });
}

/**
 * Whether a password is the hashed one. Takes the same time either way; compare with `nobodysHash` where there is no
 * user, so that time does not tell that there is none.
 * @throws TaskCenterError `internal` where the hash is not one of `hashPassword`.
 */
export async function verifyPassword(password: string, passwordHash: string): Promise<boolean> {
  const hash = parseHash(passwordHash);
  return timingSafeEqual(hash.key, await deriveKey(password, hash));
}

/** A hash that costs as much to compare with as any, and that no known password has. */
export const nobodysHash = formatHash({
  ...cost,
  salt: Buffer.alloc(saltBytes),
  key: Buffer.alloc(keyBytes),
});

function deriveKey(password: string, hash: Omit<ScryptHash, "key">): Promise<Buffer> {
  const { log2N, r, p, salt } = hash;
  const N = 2 ** log2N;
  // OpenSSL needs exactly this much, and Node allows less unless told.
  const maxmem = 128 * r * (N + p + 2);
  return scryptOffLoop(password, salt, keyBytes, { N, r, p, maxmem });
}

function formatHash({ log2N, r, p, salt, key }: ScryptHash): string {
  return `$scrypt$ln=${log2N},r=${r},p=${p}$${unpadded(salt)}$${unpadded(key)}`;
}

const hashPattern = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]{43})$/;

function parseHash(passwordHash: string): ScryptHash {
  const parts = hashPattern.exec(passwordHash);
  if (parts === null) throw new TaskCenterError("internal", "A stored password hash is unreadable.");
  const [, log2N, r, p, salt = "", key = ""] = parts;
  return {
    log2N: Number(log2N),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, "base64"),
    key: Buffer.from(key, "base64"),
  };
}

/** Base64 without its padding, as PHC strings have it. */
function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}
