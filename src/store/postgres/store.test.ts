import { openMigratedDatabase, postgresServers } from "../../../test/postgres.ts";
import { testStore } from "../conformance.ts";
import { openPostgresStore } from "./store.ts";

for (const { name, version } of postgresServers) {
  testStore(name, async (t, clock) => {
    const { url } = await openMigratedDatabase(t, version);
    return await openPostgresStore({
      url,
      clock,
      onTrouble: (error) => {
        throw error;
      },
    });
  });
}
