import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import MarkdownIt, { type Token } from "markdown-it";
import anchor from "markdown-it-anchor";
import { relativeAddress, type Source } from "./pages.ts";
import { pngSize } from "./png-size.ts";

/** A heading of a page, as its table of contents shows it. */
export interface Heading {
  readonly level: number;
  readonly anchor: string;
  readonly text: string;
}

/** What lies between two headings, as the search finds it. */
interface Section {
  readonly heading: Heading;
  readonly text: string;
}

/** A page as it is shown. */
export interface RenderedPage {
  readonly source: Source;
  readonly title: string;
  readonly html: string;
  readonly headings: readonly Heading[];
  readonly sections: readonly Section[];
  /** Everything on the page that an address can point at. */
  readonly anchors: ReadonlySet<string>;
  /** What it points at in the documentation: `reference/errors#internal`. */
  readonly links: readonly { readonly address: string; readonly anchor: string }[];
  /** The pictures that it shows, as they lie in the checkout. */
  readonly images: readonly string[];
  /** What is wrong with it. */
  readonly problems: readonly string[];
}

/** What rendering one page gathers. */
interface Gathered {
  readonly links: { address: string; anchor: string }[];
  readonly images: string[];
  readonly anchors: Set<string>;
  readonly problems: string[];
}

/** Renders all pages. @throws Error for a link or an anchor that leads nowhere, and for HTML in a page. */
export function renderPages(sources: readonly Source[], root: string): readonly RenderedPage[] {
  const bySource = new Map(sources.map((source) => [source.path, source]));
  const pages = sources.map((source) => renderPage({ source, bySource, root }));
  const byAddress = new Map(pages.map((page) => [page.source.address, page]));
  const problems = pages.flatMap(({ source, links, problems }) => [
    ...problems,
    ...links
      .filter((link) => link.anchor !== "" && byAddress.get(link.address)?.anchors.has(link.anchor) !== true)
      .map((link) => `${source.path}: nothing is called ${link.anchor} at ${link.address || "the start"}`),
  ]);
  if (problems.length > 0) throw new Error(`the documentation is broken:\n${problems.join("\n")}`);
  return pages;
}

function renderPage(given: {
  readonly source: Source;
  readonly bySource: ReadonlyMap<string, Source>;
  readonly root: string;
}): RenderedPage {
  const { source } = given;
  const gathered: Gathered = { links: [], images: [], anchors: new Set(), problems: [] };
  const markdown = MarkdownIt({ html: true, linkify: false, typographer: false });
  markdown.use(anchor, {
    level: [1, 2, 3, 4],
    slugify: slugOf,
    permalink: anchor.permalink.headerLink({ class: "anchor", safariReaderFix: true }),
    tabIndex: false,
  });
  const env = {};
  const tokens = markdown.parse(source.markdown, env);
  for (const token of tokens) {
    // The framework of a page is ours; in its text, nothing but a name to point at.
    if (token.type === "html_block") gathered.problems.push(`${source.path}: HTML: ${token.content}`);
    if (token.children !== null) token.children = placeInline(token.children, { ...given, gathered });
  }
  for (const token of tokens)
    if (attributeOf(token, "id") !== "") gathered.anchors.add(attributeOf(token, "id"));
  const sections = sectionsOf(tokens);
  // The page's own address is the first heading's: no table of contents needs it.
  const headings = sections.map(({ heading }) => heading).filter(({ level }) => level === 2 || level === 3);
  markdown.renderer.rules.fence = (all, at) => codeBlock(all[at]);
  markdown.renderer.rules.code_block = (all, at) => codeBlock(all[at]);
  markdown.renderer.rules.table_open = () =>
    '<div class="table" role="group" aria-label="Table" tabindex="0"><table>\n';
  markdown.renderer.rules.table_close = () => "</table></div>\n";
  return {
    source,
    title: sections[0]?.heading.text ?? "",
    html: markdown.renderer.render(tokens, markdown.options, env),
    headings,
    sections,
    ...gathered,
  };
}

/** The name of a heading in an address, as the sites that show Markdown make it. */
function slugOf(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

interface Placing {
  readonly source: Source;
  readonly bySource: ReadonlyMap<string, Source>;
  readonly root: string;
  readonly gathered: Gathered;
}

/** Links and pictures of a piece of text, as they are on the built page. */
function placeInline(tokens: readonly Token[], placing: Placing): Token[] {
  const { source, gathered } = placing;
  const placed: Token[] = [];
  /** The path that stands in the place of the link which is being read; undefined where it stays a link. */
  let path: string | undefined;
  let words = "";
  for (const token of tokens) {
    if (token.type === "html_inline") {
      const [, id] = /^(?:<a id="([a-z0-9-]+)">|<\/a>)$/.exec(token.content) ?? [];
      if (id !== undefined) gathered.anchors.add(id);
      else if (token.content !== "</a>") gathered.problems.push(`${source.path}: HTML: ${token.content}`);
    }
    // What a plugin made of a heading is right already.
    if (token.type === "link_open" && token.attrGet("class") !== "anchor") {
      path = placeLink(token, placing);
      words = "";
      if (path !== undefined) continue;
    } else if (token.type === "link_close" && path !== undefined) {
      if (!path.includes(words) || words === "") placed.push(textToken(token, ` (${path})`));
      path = undefined;
      continue;
    } else if (token.type === "image") placeImage(token, placing);
    words += token.content;
    placed.push(token);
  }
  return placed;
}

/** Points a link at the page as it is built; answers a path instead where it leads out of the documentation. */
function placeLink(token: Token, { source, bySource, root, gathered }: Placing): string | undefined {
  const href = attributeOf(token, "href");
  if (/^https?:/.test(href)) {
    token.attrSet("rel", "noreferrer");
    return undefined;
  }
  const [target = "", anchorName = ""] = href.split("#");
  const path = target === "" ? source.path : posix.normalize(posix.join(posix.dirname(source.path), target));
  const page = bySource.get(path) ?? bySource.get(posix.join(path, "README.md"));
  if (page !== undefined) {
    gathered.links.push({ address: page.address, anchor: anchorName });
    const way = page === source ? "" : relativeAddress({ from: source.address, to: page.address });
    token.attrSet("href", anchorName === "" ? way || "./" : `${way}#${anchorName}`);
    return undefined;
  }
  if (path.startsWith("..") || !existsSync(join(root, path))) {
    gathered.problems.push(`${source.path}: nothing lies at ${path}`);
  }
  return path;
}

/** Points a picture at its copy, and says how large it is, so that the page does not jump when it comes. */
function placeImage(token: Token, { source, root, gathered }: Placing): void {
  const path = posix.normalize(posix.join(posix.dirname(source.path), attributeOf(token, "src")));
  if (!/^docs\/.*\.png$/.test(path) || !existsSync(join(root, path))) {
    gathered.problems.push(`${source.path}: no picture lies at ${path}`);
    return;
  }
  gathered.images.push(path);
  token.attrSet("src", relativeAddress({ from: source.address, to: path.replace(/^docs\//, "") }));
  const { width, height } = pngSize(readFileSync(join(root, path)));
  token.attrSet("width", String(width));
  token.attrSet("height", String(height));
  token.attrSet("loading", "lazy");
}

function attributeOf(token: Token, name: string): string {
  return String(token.attrGet(name) ?? "");
}

function textToken(like: Token, content: string): Token {
  return Object.assign(Object.create(Object.getPrototypeOf(like)), {
    ...like,
    type: "text",
    tag: "",
    nesting: 0,
    content,
  });
}

/** The language of a block is its first word; a word with a dot behind it names the file that it is to be kept in. */
function codeBlock(token: Token | undefined): string {
  const [language = "", ...words] = (token?.info ?? "").trim().split(/\s+/);
  const file = words.find((word) => word.includes("."));
  const caption = file === undefined ? "" : `<p class="file">${escaped(file)}</p>`;
  const kind = language === "" ? "" : ` class="language-${escaped(language)}"`;
  const code = escaped(token?.content.trimEnd() ?? "");
  return `<div class="code">${caption}<pre tabindex="0"><code${kind}>${code}\n</code></pre></div>\n`;
}

export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** The text of a page, cut at its headings. */
function sectionsOf(tokens: readonly Token[]): readonly Section[] {
  const sections: { heading: Heading; parts: string[] }[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.type === "heading_open") {
      const text = plainText(tokens[at + 1]);
      const heading = { level: Number(token.tag.slice(1)), anchor: attributeOf(token, "id"), text };
      sections.push({ heading, parts: [] });
    } else if (tokens[at - 1]?.type !== "heading_open") {
      const text = token.type === "inline" ? plainText(token) : token.content;
      if (text !== "") sections.at(-1)?.parts.push(text);
    }
  }
  return sections.map(({ heading, parts }) => ({ heading, text: parts.join(" ").replace(/\s+/g, " ") }));
}

function plainText(token: Token | undefined): string {
  return (token?.children ?? [])
    .map(({ type, content }) => {
      if (type === "softbreak" || type === "hardbreak") return " ";
      return type === "html_inline" ? "" : content;
    })
    .join("")
    .trim();
}
