import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { freePort } from "../scripts/free-ports.ts";
import { ApiError, connect, connectIam } from "../src/client/index.ts";
import { type Block, blocksOf } from "../test/guide.ts";
import { adminPassword, callServer, logIn, projectId, startServer } from "../test/start-server.ts";

/**
 * Debian's nginx and Caddy, with TLS, set up by what docs/guides/run-in-production.md says. Without them the tests fail:
 * `apt-get install nginx caddy`. Of the examples only addresses and the certificate's files are replaced.
 */
const guide = readFileSync(join(import.meta.dirname, "../docs/guides/run-in-production.md"), "utf8");
const directory = mkdtempSync(join(tmpdir(), "taskcenter-proxies-"));
const certificate = join(directory, "localhost.crt");
const key = join(directory, "localhost.key");
const authorities = getCACertificates("default");

before(() => {
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const form = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", ...form, ...subject, "-keyout", key, "-out", certificate], {
    stdio: "ignore",
  });
  setDefaultCACertificates([...authorities, readFileSync(certificate, "utf8")]);
});
after(() => {
  setDefaultCACertificates(authorities);
  rmSync(directory, { recursive: true });
});

/** What a proxy is started with, made of an example. */
interface Setup {
  readonly example: Block;
  readonly server: string;
  readonly port: number;
  /** A folder of its own. */
  readonly folder: string;
}

const proxies = {
  nginx: ({ example, server, port, folder }: Setup) => {
    const site = example.body
      .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
      .replace(/ssl_certificate .*;/, `ssl_certificate ${certificate};`)
      .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${key};`)
      .replaceAll("http://127.0.0.1:8080", server);
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const temporary = paths.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
    const main = `daemon off;\nmaster_process off;\npid ${folder}/pid;\nerror_log stderr;\nevents {}\n`;
    writeFileSync(join(folder, "nginx.conf"), `${main}http {\naccess_log off;\n${temporary}\n${site}}\n`);
    return ["-c", join(folder, "nginx.conf")];
  },
  caddyfile: ({ example, server, port, folder }: Setup) => {
    const site = example.body
      .replace(/^\S+ \{/, `https://localhost:${port} {\n\ttls ${certificate} ${key}`)
      .replaceAll("127.0.0.1:8080", new URL(server).host);
    const main = `{\n\tadmin off\n\tauto_https off\n\tstorage file_system ${folder}/storage\n}\n`;
    writeFileSync(join(folder, "Caddyfile"), `${main}${site}`);
    return ["run", "--adapter", "caddyfile", "--config", join(folder, "Caddyfile")];
  },
} as const;

/** Starts a proxy with an example of the guide before a server of its own, and answers the address that it has now. */
async function startProxy(t: TestContext, language: keyof typeof proxies, path: string): Promise<string> {
  const examples = blocksOf(guide).filter((block) => block.language === language);
  assert.equal(examples.length, 2);
  const example = examples.find(({ body }) => body.includes("/tasks/") === (path !== ""));
  assert.ok(example !== undefined);
  const port = await freePort();
  const url = `https://localhost:${port}${path}`;
  const server = await startServer({ flags: { "public-url": url } });
  t.after(() => server.close());
  const folder = mkdtempSync(join(directory, `${language}-`));
  const program = language === "nginx" ? "nginx" : "caddy";
  const proxy = spawn(program, proxies[language]({ example, server: server.url, port, folder }), {
    env: { PATH: [process.env.PATH, "/usr/sbin"].join(delimiter), HOME: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  proxy.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  proxy.on("error", (error) => {
    said += `${error.message}: apt-get install ${program}`;
  });
  t.after(async () => {
    if (proxy.exitCode !== null || proxy.pid === undefined) return;
    proxy.kill("SIGTERM");
    await once(proxy, "exit");
  });
  for (let tries = 0; tries < 200; tries += 1) {
    if (proxy.exitCode !== null || proxy.pid === undefined) break;
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return url;
    await wait(50);
  }
  assert.fail(`${program} does not pass on what it is asked: ${said}`);
}

const refusal = (status: number) => (error: unknown) => error instanceof ApiError && error.status === status;

for (const language of ["nginx", "caddyfile"] as const) {
  for (const path of ["", "/tasks"]) {
    const where = `${language === "nginx" ? "nginx" : "Caddy"}, ${path === "" ? "a host of its own" : "below a path"}`;

    test(`${where}: whoever logs in works as without a proxy`, async (t) => {
      const url = await startProxy(t, language, path);
      const token = await logIn(url);
      const created = await callServer(`${url}/v1/${projectId}/tasks`, {
        token,
        body: { service: "rds", name: "BackupInstance", instance: { id: "in-1" } },
      });
      assert.equal(created.status, 201);
      const list = await callServer(`${url}/rds/v3/${projectId}/tasklist`, { token });
      assert.equal(list.json.total_count, 1);
      const { catalog } = (await callServer(`${url}/v3/auth/catalog`, { token })).json;
      for (const { endpoints } of catalog)
        assert.ok(endpoints[0].url.startsWith(`${url}/`), endpoints[0].url);
      const unknown = await callServer(`${url}/v1/nowhere`, { token: null });
      assert.equal(unknown.json.type, `${url}/docs/errors#route-not-found`);
    });

    test(`${where}: a batch of several megabytes passes`, async (t) => {
      const url = await startProxy(t, language, path);
      const details = { text: "x".repeat(10_000) };
      const create = { service: "rds", name: "BackupInstance", instance: { id: "in-1" }, details };
      const answer = await callServer(`${url}/v1/${projectId}/tasks:batch`, {
        token: await logIn(url),
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: `${JSON.stringify({ create })}\n`.repeat(300),
      });
      assert.equal(answer.status, 200);
      assert.equal(answer.text.match(/"status":201/g)?.length, 300);
    });

    test(`${where}: the console and the documentation are led to where they lie`, async (t) => {
      const url = await startProxy(t, language, path);
      for (const [address, location] of [
        ["/docs", "docs/"],
        ["/console", "console/"],
        ["/docs/errors", "reference/errors"],
      ] as const) {
        const answer = await callServer(url + address, { token: null });
        assert.deepEqual([answer.status, answer.headers.get("location")], [302, location]);
      }
      const login = await callServer(`${url}/console/session`, {
        token: null,
        headers: { origin: new URL(url).origin },
        body: { user: "admin", password: adminPassword },
      });
      assert.equal(login.status, 200, login.text);
      const cookie = login.headers.get("set-cookie") ?? "";
      assert.match(cookie, /; Secure/);
      assert.doesNotMatch(cookie, /; Path=/i);
    });

    test(`${where}: the metrics stay behind the proxy`, async (t) => {
      const url = await startProxy(t, language, path);
      assert.equal((await fetch(`${url}/metrics`)).status, 404);
    });

    test(`${where}: access keys ${path === "" ? "are taken" : "are refused, as the guide says"}`, async (t) => {
      const url = await startProxy(t, language, path);
      const token = await logIn(url);
      const iam = await connectIam({ credentials: { kind: "token", url, token } });
      const { access, secret } = await iam.createAccessKey({});
      const credentials = {
        kind: "access-key",
        url: `${url}/v1/${projectId}`,
        accessKey: access,
        secretKey: secret,
      } as const;
      const list = connect({ credentials }).then((client) => client.listTasks());
      if (path === "") assert.equal((await list).total, 0);
      else await assert.rejects(list, refusal(401));
    });
  }
}
