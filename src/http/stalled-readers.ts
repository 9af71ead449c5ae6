import type { ServerResponse } from "node:http";

/** How long a client may take nothing of an answer that waits for it: 60 seconds. */
const patienceMs = 60_000;

/**
 * Cuts the connection of an answer of which the client takes nothing any more, so that nobody holds its memory for ever.
 * However slowly it takes some, it may go on; and it may wait for us as long as that lasts. How much it has taken is
 * looked at each time the patience has passed, so one that stops is cut after twice as long at most.
 */
export function cutStalledReader(response: ServerResponse, afterMs = patienceMs): void {
  // The timer is the socket's own: it rests when the answer has been sent.
  response.setTimeout(afterMs, () => {
    if (response.writableLength > 0) response.socket?.destroy();
  });
}
