/*
 * A list of BullMQ's jobs over HTTP, as a program that keeps its tasks in a queue would answer it: a page of the waiting
 * jobs and their number. Plain JavaScript, because the compiler does not see its packages: they are installed apart.
 *
 * node bullmq-server.js REDIS_URL PREFIX JOBS, where JOBS is a file: one object a line
 */
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Queue } from "bullmq";
import { Redis } from "ioredis";

const [redisUrl, prefix, jobsFile] = process.argv.slice(2);
const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
const queue = new Queue("tasks", { connection, prefix });
const jobsAtOnce = 1000;

const waiting = [];
for await (const line of createInterface({ input: createReadStream(jobsFile) })) {
  const data = JSON.parse(line);
  waiting.push({ name: data.name, data, opts: { jobId: data.id } });
  if (waiting.length === jobsAtOnce) await queue.addBulk(waiting.splice(0));
}
await queue.addBulk(waiting);

const server = createServer(async (request, response) => {
  const query = new URL(request.url, "http://localhost").searchParams;
  const offset = Number(query.get("offset"));
  const [jobs, counts] = await Promise.all([
    queue.getJobs(["waiting"], offset, offset + Number(query.get("limit")) - 1),
    queue.getJobCounts("waiting"),
  ]);
  const body = JSON.stringify({ jobs: jobs.map(({ data }) => data), total: counts.waiting });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
});

server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));

// Leaves nothing in a Redis that is not its own.
process.once("SIGTERM", async () => {
  server.close();
  server.closeAllConnections();
  await queue.obliterate({ force: true });
  await queue.close();
  await connection.quit();
});
