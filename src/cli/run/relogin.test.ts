import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { openRunSite, type RunSite, until } from "../../../test/start-run.ts";
import { adminPassword, projectId } from "../../../test/start-server.ts";
import {
  ApiError,
  connect,
  connectIam,
  type PasswordCredentials,
  type TaskCenterClient,
} from "../../client/index.ts";

/** The shortest that leaves a busy machine the time to use a token that it has just got. */
const tokenLifetimeMs = 2000;

let site: RunSite;
let credentials: PasswordCredentials;
let client: TaskCenterClient;
before(async () => {
  site = await openRunSite({ flags: { "token-lifetime": `${tokenLifetimeMs / 1000}s` } });
  credentials = {
    kind: "password",
    authUrl: `${site.server.url}/v3`,
    user: { name: "admin", domain: { id: "default" } },
    password: adminPassword,
    project: { id: projectId },
  };
  client = await connect({ credentials });
});
after(() => site.close());

/** The task is not there yet. */
function isMissing(error: unknown): false {
  if (error instanceof ApiError && error.status === 404) return false;
  throw error;
}

describe("a command that outlives its token", { concurrency: 2 }, () => {
  const steps = [10, 90];

  /** Runs a command whose progress goes on only after a token has ended, and answers what a watcher saw of it. */
  async function watchLongRun(env: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
    // It prints what it reads: how far it is, as the test says.
    const run = site.start(["cat"], { stdin: "open", env });
    await until(() => client.getTask(run.id).then(() => true, isMissing));
    const seen: unknown[] = [];
    const next = steps.values();
    for await (const { progress, status, ended_at } of client.watchTask(run.id, { pollMs: 50 })) {
      seen.push(progress ?? status);
      if (ended_at !== null) continue;
      const step = next.next();
      if (seen.length > 1) await elapse(tokenLifetimeMs);
      if (step.done === true) run.process.stdin?.end();
      else run.process.stdin?.write(`${step.value}%\n`);
    }
    const { code, stderr } = await run.ended;
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal((await client.getTask(run.id)).status, "Completed");
    return seen;
  }

  test("is recorded to its end, with all its progress, where it logs in with a password", async () => {
    assert.deepEqual(await watchLongRun({}), ["Running", ...steps, 100]);
  });

  test("is recorded to its end where its machine has an access key, and nobody's password", async () => {
    const iam = await connectIam({ credentials });
    const { access, secret } = await iam.createAccessKey();
    const seen = await watchLongRun({
      OS_CLIENT_CONFIG_FILE: "",
      TASKCENTER_URL: site.server.url,
      TASKCENTER_ACCESS_KEY: access,
      TASKCENTER_SECRET_KEY: secret,
    });
    assert.deepEqual(seen, ["Running", ...steps, 100]);
  });
});

test("a secret key that a command says is not in its fail reason", async () => {
  const iam = await connectIam({ credentials });
  const { access, secret } = await iam.createAccessKey();
  const run = site.start(["sh", "-c", 'echo "key $TASKCENTER_SECRET_KEY" >&2; exit 1'], {
    env: {
      OS_CLIENT_CONFIG_FILE: "",
      TASKCENTER_URL: site.server.url,
      TASKCENTER_ACCESS_KEY: access,
      TASKCENTER_SECRET_KEY: secret,
    },
  });
  assert.equal((await run.ended).code, 1);
  assert.equal((await client.getTask(run.id)).fail_reason, "exit status 1: key ***");
});
