/** How many batches of one project are under way at once: while one is on its way, the next is written. */
const batchesPerProject = 2;
/** How many requests share a batch at most. */
const mostPerBatch = 256;
/** How many of those that wait are looked at for a batch: many may wait for the same few tasks. */
const mostLookedAt = 8 * mostPerBatch;

/** Requests that are answered together: what is asked for while others are under way waits, and goes at once then. */
export interface Grouping<Item> {
  add(projectId: string, item: Item): void;
}

/** What a project has waiting and under way. */
interface Queue<Item> {
  waiting: Item[];
  /** The claims of all that is under way. */
  readonly claimed: Set<string>;
  batches: number;
  isScheduled: boolean;
}

/** Groups requests by project, in the order in which they came. */
export function createGrouping<Item>(options: {
  /** What a request must have for itself: of those with the same claim one is under way, and the others wait in turn. */
  readonly claimsOf: (item: Item) => readonly string[];
  /** Answers a batch. Never rejects: each request is told by itself what became of it. */
  readonly answer: (projectId: string, batch: readonly Item[]) => Promise<void>;
}): Grouping<Item> {
  const { claimsOf, answer } = options;
  const queues = new Map<string, Queue<Item>>();

  /** Takes the next batch out of a queue. Nobody overtakes somebody with the same claim. */
  function take(queue: Queue<Item>): readonly Item[] {
    const batch: Item[] = [];
    const staying: Item[] = [];
    const taken = new Set(queue.claimed);
    let looked = 0;
    for (const item of queue.waiting) {
      if (batch.length === mostPerBatch || looked === mostLookedAt) break;
      looked += 1;
      const claims = claimsOf(item);
      const isFree = !claims.some((claim) => taken.has(claim));
      (isFree ? batch : staying).push(item);
      for (const claim of claims) {
        taken.add(claim);
        if (isFree) queue.claimed.add(claim);
      }
    }
    queue.waiting = [...staying, ...queue.waiting.slice(looked)];
    return batch;
  }

  async function run(projectId: string, queue: Queue<Item>): Promise<void> {
    queue.isScheduled = false;
    if (queue.batches === batchesPerProject) return;
    const batch = take(queue);
    if (batch.length === 0) return;
    queue.batches += 1;
    if (queue.waiting.length > 0) schedule(projectId, queue);
    await answer(projectId, batch);
    queue.batches -= 1;
    for (const claim of batch.flatMap(claimsOf)) queue.claimed.delete(claim);
    if (queue.waiting.length > 0) schedule(projectId, queue);
    else if (queue.batches === 0) queues.delete(projectId);
  }

  /** At the end of the event loop's turn: the requests that arrived in it go together. */
  function schedule(projectId: string, queue: Queue<Item>): void {
    if (queue.isScheduled) return;
    queue.isScheduled = true;
    setImmediate(run, projectId, queue);
  }

  return {
    add(projectId, item) {
      let queue = queues.get(projectId);
      if (queue === undefined) {
        queue = { waiting: [], claimed: new Set(), batches: 0, isScheduled: false };
        queues.set(projectId, queue);
      }
      queue.waiting.push(item);
      schedule(projectId, queue);
    },
  };
}
