import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { freePort } from "../../../scripts/free-ports.ts";
import { answeredTask } from "../../../test/answers.ts";
import { openRunSite, type RunSite, shell, until } from "../../../test/start-run.ts";
import { projectId } from "../../../test/start-server.ts";
import type { HistoryEntryDocument } from "../../client/index.ts";
import { systemClock } from "../../task/clock.ts";

let site: RunSite;
before(async () => {
  site = await openRunSite();
});
after(() => site.close());

describe("trouble with the record", { concurrency: 3 }, () => {
  /** Runs a command, with a server that answers as told, and sees that it is the command's own and one warning. */
  async function warningOf(
    env: Readonly<Record<string, string>>,
    flags: readonly string[] = [],
  ): Promise<string> {
    const run = site.start(shell("echo out; echo err >&2; exit 3"), { env, flags });
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 3);
    assert.equal(stdout.toString(), "out\n");
    const lines = stderr.split("\n").filter((line) => line !== "");
    assert.equal(lines.length, 2, stderr);
    assert.ok(lines.includes("err"));
    return lines.find((line) => line !== "err") ?? "";
  }

  /** A server that does nothing but answer as a test says. */
  async function withServer(answer: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
    const troubled = createServer(answer);
    await new Promise<void>((resolve) => troubled.listen(0, "127.0.0.1", resolve));
    try {
      await use(`http://127.0.0.1:${(troubled.address() as AddressInfo).port}`);
    } finally {
      troubled.closeAllConnections();
      troubled.close();
    }
  }

  const loginTo = (url: string) => ({ TASKCENTER_URL: `${url}/v1/${projectId}`, TASKCENTER_TOKEN: "token" });

  test("a server that is not configured", async () => {
    const warning = await warningOf({ OS_CLIENT_CONFIG_FILE: join(site.directory, "none.yaml") });
    assert.match(warning, /^taskcenter: this run is not recorded: no server found/);
  });

  test("a server that is not reached", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const warning = await warningOf(loginTo(url));
    const reason = `cannot reach ${url}: nothing listens there (ECONNREFUSED)`;
    assert.equal(warning, `taskcenter: this run is not recorded: ${reason}`);
  });

  test("a server that refuses who asks", async () => {
    const warning = await warningOf(loginTo(site.server.url));
    assert.match(
      warning,
      /^taskcenter: this run is not recorded: not logged in with the token at http:\S+ \(/,
    );
  });

  test("a server that refuses what it is told", async () => {
    const warning = await warningOf({}, ["--id", "no id"]);
    assert.match(warning, /^taskcenter: this run is not recorded: .*id/);
  });

  test("a server that has trouble of its own", async () => {
    await withServer(
      (_request, response) => response.writeHead(503).end(),
      async (url) => {
        const warning = await warningOf(loginTo(url));
        assert.match(warning, /^taskcenter: this run is not recorded: the server answered 503/);
      },
    );
  });

  test("a server that never answers holds up nobody for long", async () => {
    await withServer(
      () => {},
      async (url) => {
        const startedMs = performance.now();
        const warning = await warningOf(loginTo(url));
        assert.ok(performance.now() - startedMs < 15_000);
        assert.match(warning, /^taskcenter: this run is not recorded: no answer from http:\S+ within 4 s$/);
      },
    );
  });

  test("a machine whose clock is an hour wrong records runs by the server's time", async () => {
    for (const [aheadMs, login] of [
      [3_600_000, {}],
      [
        -3_600_000,
        { TASKCENTER_URL: `${site.server.url}/v1/${projectId}`, TASKCENTER_TOKEN: site.server.token },
      ],
    ] as const) {
      const clock = `const real = Date.now; Date.now = () => real() + ${aheadMs};`;
      const startedMs = site.server.nowMs();
      const go = join(site.directory, `go${aheadMs}`);
      const run = site.start(shell(`echo 50%; until [ -e "${go}" ]; do sleep 0.05; done`), {
        env: { ...login, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(clock)}` },
      });
      await until(async () => (await run.task()).progress === 50);
      writeFileSync(go, "");
      const { code, stderr } = await run.ended;
      assert.deepEqual([code, stderr], [0, ""]);
      const { created_at, ended_at, status } = await run.task();
      const { json } = await site.server.call(`/v1/${projectId}/tasks/${run.id}/history`);
      assert.equal(status, "Completed");
      assert.equal(json.history.length, 3);
      const times = [
        created_at,
        ended_at,
        ...json.history.map((entry: HistoryEntryDocument) => entry.reported_at),
      ];
      for (const time of times) {
        // Answers tell the time in whole seconds.
        const afterMs = Date.parse(time) - startedMs;
        assert.ok(afterMs > -1500 && afterMs < 60_000, `${time} is ${afterMs} ms after the start`);
      }
    }
  });

  test("a server that comes back while the command runs records it from its beginning", async () => {
    const go = join(site.directory, "back");
    const created: { readonly created_at: string }[] = [];
    let isAway = true;
    await withServer(
      async (request, response) => {
        const body = Buffer.concat(await request.toArray()).toString();
        if (isAway) return response.writeHead(503).end();
        if (request.method === "POST") created.push(JSON.parse(body));
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answeredTask()));
      },
      async (url) => {
        const beforeMs = systemClock();
        const run = site.start(shell(`date -u +%FT%T; until [ -e "${go}" ]; do sleep 0.05; done; exit 3`), {
          env: loginTo(url),
        });
        await run.printed("\n");
        await elapse(300);
        isAway = false;
        await until(() => created.length === 1);
        writeFileSync(go, "");
        const { code, stdout, stderr } = await run.ended;
        assert.deepEqual({ code, stderr }, { code: 3, stderr: "" });
        const createdMs = Date.parse(created[0]?.created_at ?? "");
        // Nobody knew of it before, and its first word told the time in whole seconds.
        assert.ok(createdMs >= beforeMs && createdMs < Date.parse(`${stdout.toString().trim()}Z`) + 1000);
      },
    );
  });
});
