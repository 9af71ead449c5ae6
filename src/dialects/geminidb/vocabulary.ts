/**
 * The names that a name filter means where they are not the name itself. The manual's filter is `CreateInstance`, but
 * its example answers `CreateCassandra`: an instance's creation is called by its engine.
 */
const namesByFilter: ReadonlyMap<string, readonly string[]> = new Map([
  ["CreateInstance", ["CreateInstance", "CreateCassandra", "CreateMongodb", "CreateRedis", "CreateInfluxdb"]],
]);

/** The task names that a name filter means. */
export function namesMeant(filter: string): readonly string[] {
  return namesByFilter.get(filter) ?? [filter];
}
