import { backup, DatabaseSync } from "node:sqlite";

/**
 * Backs a database up while it could be in use, with SQLite's online backup, and prints how far it is. It knows nothing
 * of Task Center: it is the kind of tool that people already have. Usage: backup.ts FROM TO
 */
const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error("usage: backup.ts FROM TO");

const source = new DatabaseSync(from, { readOnly: true });
const steps = 40;
const pages = Number(source.prepare("PRAGMA page_count").get()?.page_count);
let last = -1;
const copied = await backup(source, to, {
  rate: Math.ceil(pages / steps),
  progress: ({ totalPages, remainingPages }) => {
    const percent = Math.floor((100 * (totalPages - remainingPages)) / totalPages);
    if (percent >= last + 10) {
      console.log(`copied ${totalPages - remainingPages} of ${totalPages} pages, ${percent}%`);
      last = percent;
    }
    // A backup of ten megabytes takes no time at all; one that can be watched pauses between its steps.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  },
});
source.close();
console.log(`copied ${copied} of ${copied} pages, 100%`);
