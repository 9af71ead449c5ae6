import { TaskCenterError } from "../task/error.ts";

/** How many bytes are held for some purpose, all together. */
export interface BoundedBytes {
  /** @throws TaskCenterError `too-many-requests`, and takes nothing, where there is no room for so many more. */
  take(bytes: number): void;
  giveBack(bytes: number): void;
}

/** Room for so many bytes, and what those are told for whom there is none. */
export function boundedBytes(
  maxBytes: number,
  refusal: { readonly message: string; readonly retryAfterSeconds: number },
): BoundedBytes {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > maxBytes) {
        const { message, retryAfterSeconds } = refusal;
        throw new TaskCenterError("too-many-requests", message, { retryAfterSeconds });
      }
      taken += bytes;
    },
    giveBack(bytes) {
      taken -= bytes;
    },
  };
}
