import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isMap, parseDocument } from "yaml";

/** What a client needs to log in, as the OpenStack client's file holds it. */
export interface CloudEntry {
  readonly authUrl: string;
  readonly username: string;
  readonly password: string;
  readonly userDomainName: string;
  readonly projectName: string;
  readonly projectDomainName: string;
  readonly regionName: string;
}

const cloudName = "taskcenter";
const header =
  "# How clients log in to this Task Center. It holds a password: keep it to yourself.\n" +
  "# The OpenStack client reads it too: openstack --os-cloud taskcenter token issue\n";

/**
 * Writes a new `clouds.yaml` that only its owner can read. One that is there already is kept under another name: it may
 * hold the only copy of another store's password. Answers what takes the new one away again, and puts the earlier one
 * back.
 */
export function writeCloudsFile(path: string, entry: CloudEntry): () => void {
  const earlierPath = keepEarlierFile(path);
  const document = parseDocument(header);
  document.contents = document.createNode({
    clouds: {
      [cloudName]: {
        auth_type: "password",
        auth: {
          auth_url: entry.authUrl,
          username: entry.username,
          password: entry.password,
          user_domain_name: entry.userDomainName,
          project_name: entry.projectName,
          project_domain_name: entry.projectDomainName,
        },
        region_name: entry.regionName,
        interface: "public",
        identity_api_version: 3,
      },
    },
  }) as typeof document.contents;
  replaceFile(path, document.toString());
  return () => (earlierPath === undefined ? rmSync(path, { force: true }) : renameSync(earlierPath, path));
}

/**
 * Corrects the address in an existing `clouds.yaml`, since a server on another address is still the same server, and
 * leaves everything else as it is. Does nothing where the file or its entry is gone: it is its owner's to remove.
 */
export function correctAuthUrl(path: string, authUrl: string): void {
  const text = readIfPresent(path);
  if (text === undefined) return;
  const document = parseDocument(text);
  const auth = document.getIn(["clouds", cloudName, "auth"]);
  if (document.errors.length > 0 || !isMap(auth) || auth.get("auth_url") === authUrl) return;
  auth.set("auth_url", authUrl);
  replaceFile(path, document.toString());
}

/** Puts a file that is there under another name, which is answered; undefined where there is none. */
function keepEarlierFile(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  let number = 1;
  while (existsSync(`${path}.${number}`)) number += 1;
  renameSync(path, `${path}.${number}`);
  return `${path}.${number}`;
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A reader sees the old file or the new one, never a part. */
function replaceFile(path: string, text: string): void {
  const next = `${path}.next`;
  rmSync(next, { force: true });
  writeFileSync(next, text, { mode: 0o600, flush: true });
  renameSync(next, path);
}
