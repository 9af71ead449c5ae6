import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import pLimit from "p-limit";
import QuickLru from "quick-lru";
import type { Clock } from "../task/clock.ts";
import { TaskCenterError } from "../task/error.ts";
import { hashPassword, verifyPassword } from "./password.ts";

/**
 * The only way to work with passwords: a hash costs a core for a good tenth of a second, so a few are made at a time,
 * some more wait their turn, and whoever comes then is told to come back.
 */
export interface PasswordGate {
  /** Whether a password is the hashed one. @throws TaskCenterError `too-many-requests`. */
  verify(password: string, passwordHash: string): Promise<boolean>;
  /** Hashes a password with a new salt. @throws TaskCenterError `too-many-requests`. */
  hash(password: string): Promise<string>;
}

/** How many may wait for their turn: on one core some three seconds. */
const mostWaiting = 16;
/** After so many seconds those who wait now have had their turn. */
const retryAfterSeconds = 3;
/** How long a right password is recognised without its hash, by this process alone: 5 minutes. */
const recognitionMs = 5 * 60 * 1000;

/**
 * Opens a gate. A password that was right is recognised for some minutes by a digest under a key that this process
 * alone has and keeps nowhere else: whoever logs in again and again, as programs do, neither pays for the hash nor waits
 * behind somebody who tries passwords. A changed password has another hash, so nothing outlives a change. The first
 * wrong password ends it, since each would otherwise be a guess that costs nothing.
 */
export function openPasswordGate(options: {
  readonly clock: Clock;
  /** How many hashes are made at the same time. */
  readonly atOnce: number;
}): PasswordGate {
  const { clock } = options;
  const limit = pLimit(options.atOnce);
  const key = randomBytes(32);
  const recognised = new QuickLru<string, { readonly digest: Buffer; readonly atMs: number }>({
    maxSize: 1000,
  });

  function takeTurn<T>(work: () => Promise<T>): Promise<T> {
    if (limit.pendingCount >= mostWaiting) {
      throw new TaskCenterError(
        "too-many-requests",
        "Too many passwords are being checked; try again soon.",
        {
          retryAfterSeconds,
        },
      );
    }
    return limit(work);
  }

  function isRecognised(passwordHash: string, digest: Buffer): boolean {
    const known = recognised.get(passwordHash);
    if (known === undefined) return false;
    if (!timingSafeEqual(known.digest, digest)) {
      recognised.delete(passwordHash);
      return false;
    }
    // The clock may be set back: then a moment in the future is no younger than one in the past.
    return Math.abs(clock() - known.atMs) < recognitionMs;
  }

  return {
    async verify(password, passwordHash) {
      const digest = createHmac("sha256", key).update(passwordHash).update("\n").update(password).digest();
      if (isRecognised(passwordHash, digest)) return true;
      const matches = await takeTurn(() => verifyPassword(password, passwordHash));
      if (matches) recognised.set(passwordHash, { digest, atMs: clock() });
      return matches;
    },
    hash: async (password) => takeTurn(() => hashPassword(password)),
  };
}
