import { ApiError, type IamClient, type ProjectDocument, type UserDocument } from "../../client/index.ts";

/** Who may be seen by whoever asks. */
export interface VisibleUsers {
  readonly users: readonly UserDocument[];
  /** Whether they are all there are, for an administrator; else nobody but oneself is seen. */
  readonly areAll: boolean;
}

/** Answers the users that may be seen; only the one of that name where one is given. */
export async function listVisibleUsers(
  iam: IamClient,
  query: { readonly name?: string } = {},
): Promise<VisibleUsers> {
  try {
    return { users: await iam.listUsers(query), areAll: true };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 403)) throw error;
    const own = await iam.getOwnUser();
    return { users: [own].filter(({ name }) => name === (query.name ?? name)), areAll: false };
  }
}

/** Answers the user of a name, else of an id. @throws Error where there is none. */
export async function findUser(iam: IamClient, nameOrId: string): Promise<UserDocument> {
  return (await findVisibleUser(iam, nameOrId)).user;
}

/** The same, and whether that is one of all users, or oneself as the only one who is seen. */
export async function findVisibleUser(
  iam: IamClient,
  nameOrId: string,
): Promise<{ readonly user: UserDocument } & Pick<VisibleUsers, "areAll">> {
  const { users, areAll } = await listVisibleUsers(iam, { name: nameOrId });
  const missing = `there is no user ${JSON.stringify(nameOrId)}: see taskcenter user list`;
  return { user: users[0] ?? (await iam.getUser(nameOrId).catch(orMissing(missing))), areAll };
}

/** Answers the project of a name, else of an id. @throws Error where there is none. */
export async function findProject(iam: IamClient, nameOrId: string): Promise<ProjectDocument> {
  const [named] = await iam.listProjects({ name: nameOrId });
  const missing = `there is no project ${JSON.stringify(nameOrId)}: see taskcenter project list`;
  return named ?? iam.getProject(nameOrId).catch(orMissing(missing));
}

/** Says what is not there, which the server only knows by its id, or not by name. */
export function orMissing(message: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof ApiError && error.status === 404 ? new Error(message) : error;
  };
}
