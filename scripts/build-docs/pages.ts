import { existsSync, globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A page of the documentation, as it lies in the checkout. */
export interface Source {
  /** Where it lies: `docs/reference/errors.md`. */
  readonly path: string;
  /** Where it is read, below the documentation's own address: `reference/errors`, `operations/`, or nothing. */
  readonly address: string;
  readonly markdown: string;
}

/** A folder without a page of its own gets one that lists what lies in it. */
const listedFolders: Readonly<Record<string, { readonly title: string; readonly about: string }>> = {
  guides: { title: "Guides", about: "How to do one thing, from the beginning to the end, with the why." },
  reference: { title: "Reference", about: "Exact, and for looking things up." },
  decisions: {
    title: "Decisions",
    about: "What was decided, why, and what follows from it. A decision is never rewritten, only superseded.",
  },
};

/** Reads every page: what lies in `docs/`, the changelog, and a list for each folder that has none. */
export function readSources(root: string): readonly Source[] {
  const paths = [...globSync("docs/**/*.md", { cwd: root }).map(withSlashes).sort(), "CHANGELOG.md"];
  const written = paths.map((path) => ({
    path,
    address: addressOf(path),
    markdown: readFileSync(join(root, path), "utf8"),
  }));
  const lists = Object.entries(listedFolders)
    .filter(([folder]) => !existsSync(join(root, "docs", folder, "README.md")))
    .map(([folder, { title, about }]) => ({
      path: `docs/${folder}/README.md`,
      address: `${folder}/`,
      markdown: `# ${title}\n\n${about}\n\n${listOf(written, folder)}\n`,
    }));
  return [...written, ...lists];
}

function listOf(sources: readonly Source[], folder: string): string {
  return sources
    .filter(({ address }) => address.startsWith(`${folder}/`) && address !== `${folder}/`)
    .map(({ path, markdown }) => `- [${titleOf(markdown)}](${posix.basename(path)})`)
    .join("\n");
}

/** The heading of a page, as it is written. @throws Error where it has none. */
function titleOf(markdown: string): string {
  const [, title] = /^# (.+)$/m.exec(markdown) ?? [];
  if (title === undefined) throw new Error(`a page without a title: ${markdown.slice(0, 80)}`);
  return title;
}

function addressOf(path: string): string {
  if (path === "CHANGELOG.md") return "changelog";
  return path
    .replace(/^docs\//, "")
    .replace(/(^|\/)README\.md$/, "$1")
    .replace(/\.md$/, "");
}

/** The file that is answered at a page's address. */
export function fileOf(address: string): string {
  return address === "" || address.endsWith("/") ? `${address}index.html` : `${address}.html`;
}

/** The way from one page to another one, or to a file, which holds under whatever path a proxy shows them. */
export function relativeAddress({ from, to }: { readonly from: string; readonly to: string }): string {
  const folder = from.slice(0, from.lastIndexOf("/") + 1);
  if (to.startsWith(folder)) return to.slice(folder.length) || "./";
  return "../".repeat(folder.split("/").length - 1) + to;
}

function withSlashes(path: string): string {
  return path.replaceAll("\\", "/");
}
