import { suite } from "node:test";
import { checkChanges } from "./conformance/changes.ts";
import { checkCreations } from "./conformance/creations.ts";
import { checkCredentials } from "./conformance/credentials.ts";
import { checkDirectory } from "./conformance/directory.ts";
import { checkIdentity } from "./conformance/identity.ts";
import { checkLastSuccesses } from "./conformance/last-successes.ts";
import { checkLists } from "./conformance/lists.ts";
import { checkAgainstModel } from "./conformance/model.ts";
import { checkRetention } from "./conformance/retention.ts";
import { checkRevocations } from "./conformance/revocations.ts";
import { checkRoles } from "./conformance/roles.ts";
import { checkWith, type OpenStore } from "./conformance/subject.ts";

/**
 * The contract of every store, as tests. `open` gets a test, a clock that the test sets, and answers a fresh, empty
 * store; the suite closes it.
 */
export function testStore(name: string, open: OpenStore): void {
  suite(`the ${name} store`, () => {
    const check = checkWith(open);
    checkCreations(check);
    checkChanges(check);
    checkLists(check);
    checkLastSuccesses(check);
    checkRetention(check);
    checkIdentity(check);
    checkDirectory(check);
    checkRoles(check);
    checkCredentials(check);
    checkRevocations(check);
    checkAgainstModel(check);
  });
}
