import { dialects } from "../../dialects/index.ts";
import type { Principal } from "../../identity/identity.ts";
import { stableId } from "./stable-id.ts";

/** Where this server says it is. */
export interface Site {
  /** Without a slash at its end. */
  readonly publicUrl: string;
  readonly region: string;
}

/** One service in Keystone's catalog. */
export interface CatalogEntry {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly {
    readonly id: string;
    readonly interface: "public";
    readonly region: string;
    readonly region_id: string;
    readonly url: string;
  }[];
}

/**
 * Where a token's bearer finds what. Project ids stand in the addresses, since there are clients that ask for a
 * template literally; so a domain's catalog, where no project is chosen, knows only the way to log in.
 */
export function catalogOf({ project }: Pick<Principal, "project">, site: Site): readonly CatalogEntry[] {
  const entry = (type: string, name: string, path: string): CatalogEntry => ({
    id: stableId("service", type),
    type,
    name,
    endpoints: [
      {
        id: stableId("endpoint", type, site.region),
        interface: "public",
        region: site.region,
        region_id: site.region,
        url: site.publicUrl + path,
      },
    ],
  });
  const identity = entry("identity", "keystone", "/v3");
  if (project === undefined) return [identity];
  return [
    identity,
    entry("taskcenter", "taskcenter", `/v1/${project.id}`),
    ...dialects.flatMap(({ service, prefix, catalogTypes }) =>
      catalogTypes.map((type) => entry(type, service, `${prefix}/v3/${project.id}`)),
    ),
  ];
}
