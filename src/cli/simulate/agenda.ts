/** What is to come, soonest first; of what comes at the same time, first what was put in first. */
export class Agenda<T> {
  /** A binary heap: each entry comes no earlier than the one at half its place. */
  readonly #heap: Entry<T>[] = [];
  #added = 0;

  add(atMs: number, item: T): void {
    const entry = { atMs, order: this.#added, item };
    this.#added += 1;
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || isSooner(parent, entry)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
  }

  /** Takes out what comes next; undefined where nothing does. */
  take(): T | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first?.item;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      const left = heap[childAt];
      const right = heap[childAt + 1];
      if (left === undefined) break;
      if (right !== undefined && isSooner(right, left)) childAt += 1;
      const child = heap[childAt] ?? left;
      if (isSooner(last, child)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
    return first?.item;
  }
}

interface Entry<T> {
  readonly atMs: number;
  readonly order: number;
  readonly item: T;
}

function isSooner(one: Entry<unknown>, other: Entry<unknown>): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
