import { rootPlaceholder } from "../../src/http/docs-root.ts";
import { escaped, type Heading, type RenderedPage } from "./markdown.ts";
import type { Group } from "./navigation.ts";
import { relativeAddress } from "./pages.ts";

/** What all pages share. */
export interface Site {
  readonly version: string;
  readonly navigation: readonly Group[];
  /** The title of each page, by its address. */
  readonly titles: ReadonlyMap<string, string>;
  /** Where they lie, below the documentation's own address. */
  readonly assets: {
    readonly style: string;
    readonly script: string;
    readonly index: string;
    readonly icon: string;
  };
}

/** A whole page. Everything on it is addressed relative to it, and nothing comes from elsewhere. */
export function pageHtml(page: RenderedPage, site: Site): string {
  const { source, title } = page;
  return layout({
    site,
    address: source.address,
    title: source.address === "" ? "Task Center: documentation" : `${title} · Task Center`,
    to: (target) => relativeAddress({ from: source.address, to: target }),
    main: `<article>
${page.html}</article>
${tableOfContents(page.headings)}`,
  });
}

/**
 * What is shown where no page is. It may stand at any address, however deep, so the server puts in how the
 * documentation's own address is reached from there. A `base` would lead the links within the page astray.
 */
export function notFoundHtml(site: Site): string {
  return layout({
    site,
    address: undefined,
    title: "No such page · Task Center",
    to: (target) => rootPlaceholder + target,
    main: `<article>
<h1>There is no such page</h1>
<p>It may have another name in this version. Look for it by the search, or begin at the <a href="${rootPlaceholder}">start
of the documentation</a>.</p>
</article>`,
  });
}

function layout(parts: {
  readonly site: Site;
  /** Where the page is read, so that the navigation shows it; undefined for none of its pages. */
  readonly address: string | undefined;
  readonly title: string;
  /** The way to a page or a file. */
  readonly to: (target: string) => string;
  readonly main: string;
}): string {
  const { site } = parts;
  const to = (target: string): string => escaped(parts.to(target));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(parts.title)}</title>
<link rel="icon" href="${to(site.assets.icon)}" type="image/svg+xml">
<link rel="stylesheet" href="${to(site.assets.style)}">
<script type="module" src="${to(site.assets.script)}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<button type="button" class="menu" popovertarget="navigation">Menu</button>
<a class="brand" href="${to("")}"><img src="${to(site.assets.icon)}" alt="" width="24" height="24">Task Center <span>Docs</span></a>
<search hidden>
<input id="search" type="search" aria-label="Search the documentation" placeholder="Search" autocomplete="off" spellcheck="false" aria-keyshortcuts="/" data-index="${to(site.assets.index)}" data-root="${to("")}">
<kbd aria-hidden="true">/</kbd>
<div id="found" hidden><p role="status"></p><ul></ul></div>
</search>
<a class="console" href="${to("../console/")}">Console</a>
</header>
<div class="columns">
<nav id="navigation" class="guide" popover aria-label="Documentation">
${site.navigation.map((group) => navigationGroup({ group, site, address: parts.address, to })).join("\n")}
<p class="elsewhere"><a href="${to("../console/")}">Console</a></p>
<p class="version">Version ${escaped(site.version)}</p>
</nav>
<main id="content" tabindex="-1">
${parts.main}
</main>
</div>
</body>
</html>
`;
}

function navigationGroup({
  group,
  site,
  address,
  to,
}: {
  readonly group: Group;
  readonly site: Site;
  readonly address: string | undefined;
  readonly to: (target: string) => string;
}): string {
  const items = group.addresses.map((target) => {
    const current = target === address ? ' aria-current="page"' : "";
    return `<li><a href="${to(target)}"${current}>${escaped(site.titles.get(target) ?? target)}</a></li>`;
  });
  const title = escaped(group.title);
  const heading = group.list === undefined ? title : `<a href="${to(group.list)}">${title}</a>`;
  return `<h2>${heading}</h2>\n<ul>\n${items.join("\n")}\n</ul>`;
}

/** What is on the page, where there is more than one thing. */
function tableOfContents(headings: readonly Heading[]): string {
  if (headings.length < 2) return "";
  const items = headings.map(
    ({ level, anchor, text }) =>
      `<li class="level-${level}"><a href="#${escaped(anchor)}">${escaped(text)}</a></li>`,
  );
  return `<nav class="guide contents" aria-labelledby="contents">
<h2 id="contents">On this page</h2>
<ul>
${items.join("\n")}
</ul>
</nav>`;
}
