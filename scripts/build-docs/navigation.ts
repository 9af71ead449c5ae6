/** A part of the navigation: what it is called, and the addresses of its pages. */
export interface Group {
  readonly title: string;
  /** The list of its pages, where it has one beside the navigation. */
  readonly list?: string;
  readonly addresses: readonly string[];
}

/** The parts in their order, and in each the pages that have a place of their own; the others of its folder follow. */
const parts: readonly (Group & { readonly folder: string })[] = [
  { title: "Start", folder: "", addresses: ["", "start"] },
  {
    title: "Guides",
    list: "guides/",
    folder: "guides/",
    addresses: [
      "guides/wrap-a-backup",
      "guides/report-from-your-code",
      "guides/test-an-sdk-offline",
      "guides/run-in-production",
      "guides/backup-and-restore",
    ],
  },
  {
    title: "Reference",
    list: "reference/",
    folder: "reference/",
    addresses: [
      "reference/config",
      "reference/cli",
      "reference/http",
      "reference/service-apis",
      "reference/iam",
      "reference/client",
      "reference/console",
      "reference/metrics",
      "reference/errors",
      "reference/security",
    ],
  },
  {
    title: "Operations",
    folder: "operations/",
    addresses: ["operations/", "operations/sizing", "operations/monitoring", "operations/backup"],
  },
  {
    title: "About",
    folder: "about/",
    addresses: ["architecture", "glossary", "counting", "performance", "decisions/", "changelog"],
  },
];

/** Pages that are found through another one: a decision through the list of them all, a list through what it lists. */
function isListed(address: string): boolean {
  return /^decisions\/./.test(address) || address === "guides/" || address === "reference/";
}

/**
 * Every page in its part. A page that nobody gave a place comes last in the part of its folder.
 *
 * @throws Error where a page has no part: nobody would find it.
 */
export function navigationOf(addresses: readonly string[]): readonly Group[] {
  const placed = new Set(parts.flatMap((part) => part.addresses));
  const others = addresses.filter((address) => !placed.has(address) && !isListed(address));
  const groups = parts.map(({ folder, addresses: own, ...part }) => ({
    ...part,
    addresses: [
      ...own.filter((address) => addresses.includes(address)),
      ...others.filter((address) => folder !== "" && address.startsWith(folder)),
    ],
  }));
  const shown = new Set(groups.flatMap((group) => group.addresses));
  const lost = others.filter((address) => !shown.has(address));
  if (lost.length > 0) throw new Error(`pages without a place in the navigation: ${lost.join(", ")}`);
  return groups;
}
