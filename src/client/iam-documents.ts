import { ConnectionError } from "./errors.ts";
import { memberOf } from "./http.ts";
import type {
  AccessKeyDocument,
  Named,
  NewAccessKeyDocument,
  ProjectDocument,
  RoleAssignmentDocument,
  UserDocument,
} from "./iam-types.ts";

/** Where access keys are looked after. */
export const accessKeysPath = "/v3.0/OS-CREDENTIAL/credentials";

/** Reads what came from outside; undefined where it is something else. What a document has beside is left out. */
export type Reader<T> = (value: unknown) => T | undefined;

/** Reads a member of an answer. @throws ConnectionError where it is not what an IAM answers. */
export function readMember<T>(body: unknown, key: string, reader: Reader<T>, server: string): T {
  const read = reader(memberOf(body, key));
  if (read === undefined)
    throw new ConnectionError(`${server} does not speak IAM: its answer has no usable ${key}`);
  return read;
}

/** Reads a list of which every item can be read. */
export function listOf<T>(reader: Reader<T>): Reader<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const items: readonly (T | undefined)[] = value.map(reader);
    const read = items.filter((item) => item !== undefined);
    return read.length === items.length ? read : undefined;
  };
}

/** Reads an object by its members, of which none may be missing. */
function documentOf<T extends object>(
  members: {
    readonly [Key in keyof T]: Reader<T[Key]>;
  },
): Reader<T> {
  return (value) => {
    const read = Object.entries<Reader<unknown>>(members).map(
      ([key, reader]) => [key, reader(memberOf(value, key))] as const,
    );
    return read.some(([, member]) => member === undefined) ? undefined : (Object.fromEntries(read) as T);
  };
}

const text: Reader<string> = (value) => (typeof value === "string" ? value : undefined);
const flag: Reader<boolean> = (value) => (typeof value === "boolean" ? value : undefined);
/** What a Keystone leaves out where nobody has given it. */
const remark: Reader<string> = (value) => text(value ?? "");

/** Whatever has an id. */
export const identified = documentOf<{ readonly id: string }>({ id: text });
export const named = documentOf<Named>({ id: text, name: text });
const namedInDomain = documentOf<RoleAssignmentDocument["user"]>({ id: text, name: text, domain: named });

export const userDocument = documentOf<UserDocument>({
  id: text,
  name: text,
  domain_id: text,
  enabled: flag,
  description: remark,
  email: remark,
});

export const projectDocument = documentOf<ProjectDocument>({
  id: text,
  name: text,
  domain_id: text,
  enabled: flag,
  description: remark,
});

const inProject = documentOf({ project: namedInDomain });
const inDomain = documentOf({ domain: named });

export const roleAssignmentDocument = documentOf<RoleAssignmentDocument>({
  role: named,
  user: namedInDomain,
  scope: (value) => inProject(value) ?? inDomain(value),
});

const accessKeyMembers = {
  access: text,
  user_id: text,
  description: remark,
  create_time: text,
  status: text,
} as const;

export const accessKeyDocument = documentOf<AccessKeyDocument>(accessKeyMembers);
export const newAccessKeyDocument = documentOf<NewAccessKeyDocument>({ ...accessKeyMembers, secret: text });
