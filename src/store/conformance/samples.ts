import { factoryCreatedAtMs } from "../../../test/factories.ts";
import type {
  AccessKeyRecord,
  Domain,
  FirstIdentity,
  IdentityStore,
  Project,
  TemporaryTerms,
  TokenRecord,
  User,
  UserRecord,
} from "../store.ts";

export const domain: Domain = { id: "domain-id", name: "Default" };
export const project = sampleProject("eu-de", { description: "The first project" });
export const admin = sampleUser("admin", { description: "The first user", email: "admin@example.com" });
export const first: FirstIdentity = { domain, project, user: admin };

export const inProject = { kind: "project", projectId: project.id } as const;
export const inDomain = { kind: "domain", domainId: domain.id } as const;

/** A project of the only domain. What a test does not say is filled in. */
export function sampleProject(name: string, facts: Partial<Project> = {}): Project {
  return { id: `id of project ${name}`, name, domain, description: "", enabled: true, ...facts };
}

/** A user of the only domain. */
export function sampleUser(name: string, facts: Partial<UserRecord> = {}): UserRecord {
  const passwordHash = `$scrypt$hash of ${name}`;
  return {
    id: `id of ${name}`,
    name,
    domain,
    description: "",
    email: "",
    enabled: true,
    passwordHash,
    ...facts,
  };
}

/** A user as the store shows one who does not log in. */
export function shown({ passwordHash: _hash, ...user }: UserRecord): User {
  return user;
}

/** A token of the first user in the first project. */
export function sampleToken(facts: Partial<TokenRecord> & Pick<TokenRecord, "hash">): TokenRecord {
  return {
    userId: admin.id,
    scope: inProject,
    unscoped: false,
    methods: ["password"],
    issuedAtMs: factoryCreatedAtMs,
    expiresAtMs: factoryCreatedAtMs + 1,
    ...facts,
  };
}

/** An access key of the first user that stays. */
export function sampleKey(
  facts: Partial<AccessKeyRecord> & Pick<AccessKeyRecord, "access">,
): AccessKeyRecord {
  return {
    userId: admin.id,
    sealedSecret: `sealed secret of ${facts.access}`,
    description: "",
    createdAtMs: factoryCreatedAtMs,
    temporary: undefined,
    ...facts,
  };
}

/** A token that temporary keys are made with; it is the first user's. */
const origin = sampleToken({ hash: "origin" });

/** Records the first identity, and the token that temporary keys are made with. */
export async function createFirstAndOrigin(identity: IdentityStore): Promise<void> {
  await identity.createFirstIdentity(first);
  await identity.createToken(origin);
}

/** What makes an access key temporary: it is for the first project. */
export function sampleTerms(facts: Partial<TemporaryTerms> = {}): TemporaryTerms {
  return {
    scope: inProject,
    madeWith: origin.hash,
    securityTokenHash: "hash of a security token",
    expiresAtMs: factoryCreatedAtMs + 1,
    ...facts,
  };
}

/** Records users beside the first one. */
export async function createUsers(identity: IdentityStore, ...users: readonly UserRecord[]): Promise<void> {
  await Promise.all(users.map((user) => identity.createUser(user)));
}

export function namesOf(named: readonly { readonly name: string }[]): readonly string[] {
  return named.map(({ name }) => name);
}
