import { spawnSync } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { contextFilter, readDockerfile, root, type Stage, type Step } from "../test/dockerfile.ts";

/**
 * Carries the Dockerfile out without a container engine: each stage is a folder, COPY copies into it, RUN runs in it by
 * Debian's bubblewrap. What the base image would bring, a system and a Node, is this machine's, for reading alone. So
 * nothing that a stage does can be anywhere but in the folders of its own that are named here.
 */
export interface ReplayedImage {
  /** What the image adds to its base: by the folder's path inside. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly workingDirectory: string;
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

/** Top folders in which stages write; every other one is the base's. */
const ownFolders = ["build", "opt", "var"];
const bundledNode = realpathSync(join(root, "node_modules/node/bin/node"));

export function replayDockerfile(to: string): ReplayedImage {
  const stages = readDockerfile();
  const folders = new Map<string, string>();
  let image: ReplayedImage | undefined;
  stages.forEach((stage, index) => {
    const folder = join(to, stage.name ?? String(index));
    for (const own of ownFolders) mkdirSync(join(folder, own), { recursive: true });
    const earlier = folders.get(stage.from);
    if (earlier !== undefined) cpSync(earlier, folder, { recursive: true, verbatimSymlinks: true });
    image = replayStage(stage, { folder, folders });
    folders.set(stage.name ?? String(index), folder);
  });
  if (image === undefined) throw new Error("the Dockerfile has no stage");
  return image;
}

function replayStage(
  stage: Stage,
  places: { readonly folder: string; readonly folders: ReadonlyMap<string, string> },
): ReplayedImage {
  const { folder, folders } = places;
  let env: Record<string, string> = { PATH: "/base/bin:/usr/bin:/bin" };
  let user = { uid: 0, gid: 0 };
  let workingDirectory = "/";
  let entrypoint: readonly string[] = [];
  let command: readonly string[] = [];
  let healthcheck: readonly string[] = [];
  const inside = (path: string) => join(folder, isAbsolute(path) ? path : join(workingDirectory, path));
  const carryOut: Readonly<Record<string, (step: Step) => void>> = {
    WORKDIR: ({ text }) => {
      workingDirectory = join(workingDirectory, text);
      if (isAbsolute(text)) workingDirectory = text;
      mkdirSync(inside("."), { recursive: true });
    },
    COPY: ({ args, flags }) => {
      const from = flags.from === undefined ? undefined : folders.get(flags.from);
      if (flags.from !== undefined && from === undefined) throw new Error(`no stage ${flags.from}`);
      const target = args.at(-1) ?? "";
      for (const source of args.slice(0, -1)) {
        const isFolder = target.endsWith("/");
        const place = isFolder ? join(inside(target), basename(source)) : inside(target);
        if (from === undefined) copyContext(source, place);
        else cpSync(join(from, source), place, { recursive: true, verbatimSymlinks: true });
        const [uid = 0, gid = 0] = (flags.chown ?? "").split(":").map(Number);
        if (flags.chown !== undefined) chownSync(place, uid, gid);
      }
    },
    RUN: ({ text }) => run(text, { folder, workingDirectory, env }),
    ENV: ({ properties }) => {
      const path = env.PATH ?? "";
      env = { ...env, ...properties };
      env.PATH = (env.PATH ?? "").replaceAll("$PATH", path);
    },
    USER: ({ text }) => {
      const [uid = 0, gid = 0] = text.split(":").map(Number);
      user = { uid, gid };
    },
    ENTRYPOINT: ({ words = [] }) => {
      entrypoint = words;
    },
    CMD: ({ words = [] }) => {
      command = words;
    },
    HEALTHCHECK: ({ words = [] }) => {
      healthcheck = words;
    },
    LABEL: () => {},
    VOLUME: () => {},
    EXPOSE: () => {},
    STOPSIGNAL: () => {},
  };
  for (const step of stage.steps) {
    const carry = carryOut[step.keyword];
    if (carry === undefined) throw new Error(`${step.keyword} is not known here`);
    carry(step);
  }
  return { folder, env, user, workingDirectory, command: [...entrypoint, ...command], healthcheck };
}

/** From the checkout comes what `.dockerignore` lets through. */
function copyContext(source: string, place: string): void {
  const reaches = contextFilter();
  if (source !== ".") {
    if (!reaches(source)) throw new Error(`${source} does not reach the build`);
    cpSync(join(root, source), place);
    return;
  }
  for (const top of readdirSync(root).filter(reaches)) {
    const below = statSync(join(root, top)).isDirectory()
      ? readdirSync(join(root, top), { recursive: true, encoding: "utf8" }).map((path) => join(top, path))
      : [top];
    for (const path of below.filter(reaches)) {
      if (statSync(join(root, path)).isFile()) cpSync(join(root, path), join(place, path));
    }
  }
}

/** Runs a command line as a build does: as root in the stage, with the network. */
function run(
  line: string,
  stage: {
    readonly folder: string;
    readonly workingDirectory: string;
    readonly env: Readonly<Record<string, string>>;
  },
): void {
  const bind = ownFolders.flatMap((own) => ["--bind", join(stage.folder, own), `/${own}`]);
  // How npm finds packages is the machine's matter: its settings and its cache are what is lent to the build.
  const settings = join(homedir(), ".npmrc");
  const cache = join(homedir(), ".npm");
  const lent = [
    ...(existsSync(settings) ? ["--ro-bind", settings, "/npmrc"] : []),
    ...(existsSync(cache) ? ["--bind", cache, "/npm-cache"] : []),
  ];
  const npmEnv = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_registry|npm_config_cafile|node_extra_ca_certs|https?_proxy|no_proxy|ssl_cert_file)$/i.test(
      name,
    ),
  );
  const env = {
    ...Object.fromEntries(npmEnv),
    ...stage.env,
    npm_config_userconfig: "/npmrc",
    npm_config_cache: "/npm-cache",
    HOME: "/tmp",
  };
  const args = [...baseArgs(env), ...bind, ...lent, "--chdir", stage.workingDirectory, "/bin/sh", "-c", line];
  const { status, stdout, stderr, error } = spawnSync("bwrap", args, { encoding: "utf8", env: {} });
  if (status !== 0) throw new Error(`RUN ${line}: ${error?.message ?? ""}\n${stdout}\n${stderr}`);
}

/** Options that show this machine's system as the base image, with the Node that the tests run on. */
export function baseArgs(env: Readonly<Record<string, string>>): readonly string[] {
  const npm = realpathSync(join(dirname(findOnPath("npm")), "npm"));
  const npmFolder = join(dirname(npm), "..");
  const system = ["/usr", "/etc/ssl", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"].filter(
    existsSync,
  );
  return [
    "--unshare-all",
    "--share-net",
    "--die-with-parent",
    ...system.flatMap((path) => ["--ro-bind", path, path]),
    ...["bin", "lib", "lib64"].flatMap((name) => ["--symlink", `usr/${name}`, `/${name}`]),
    ...["--ro-bind", bundledNode, "/base/bin/node", "--ro-bind", npmFolder, "/base/lib/npm"],
    ...["--symlink", "../lib/npm/bin/npm-cli.js", "/base/bin/npm"],
    ...["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--clearenv"],
    ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]),
  ];
}

function findOnPath(program: string): string {
  const folders = (process.env.PATH ?? "").split(":");
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${program} is not on the path`);
  return found;
}
