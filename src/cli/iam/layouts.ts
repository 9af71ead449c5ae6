import type {
  AccessKeyDocument,
  NewAccessKeyDocument,
  ProjectDocument,
  RoleAssignmentDocument,
  UserDocument,
} from "../../client/index.ts";
import type { ListLayout, SheetLayout } from "../output.ts";
import type { Column } from "../table.ts";

/** A role that a user holds, with the place where. */
type HeldRole = { readonly role: string } & RoleAssignmentDocument["scope"];

/** A user as `user list` shows one: with their roles. */
export interface UserRow extends UserDocument {
  readonly roles: readonly HeldRole[];
}

/** Brings users and the roles that they hold together. */
export function userRows(
  users: readonly UserDocument[],
  assignments: readonly RoleAssignmentDocument[],
): readonly UserRow[] {
  const held = Map.groupBy(assignments, ({ user }) => user.id);
  return users.map((user) => ({
    ...user,
    roles: (held.get(user.id) ?? []).map(({ role, scope }) => ({ role: role.name, ...scope })),
  }));
}

/** Place by place: `eu-de: reader, operator; domain Default: admin`. */
function rolesText({ roles }: UserRow): string {
  const places = Map.groupBy(roles, (held) =>
    "project" in held ? held.project.name : `domain ${held.domain.name}`,
  );
  return [...places]
    .map(([place, held]) => `${place}: ${held.map(({ role }) => role).join(", ")}`)
    .join("; ");
}

const whole = Number.POSITIVE_INFINITY;

/** Whether a user or a project may be used. */
const stateColumn: Column<{ readonly enabled: boolean }> = {
  title: "STATE",
  cell: ({ enabled }) => (enabled ? "enabled" : "disabled"),
  atLeast: whole,
  rank: 2,
  colour: ({ enabled }) => (enabled ? "green" : "yellow"),
};

export const userLayout: ListLayout<UserRow> = {
  columns: [
    { title: "NAME", cell: ({ name }) => name, atLeast: 12, rank: 1 },
    stateColumn,
    { title: "ROLES", cell: rolesText, atLeast: 16, rank: 3 },
    { title: "EMAIL", cell: ({ email }) => email, atLeast: 12, rank: 5 },
    { title: "DESCRIPTION", cell: ({ description }) => description, atLeast: 12, rank: 6 },
    { title: "ID", cell: ({ id }) => id, atLeast: whole, rank: 4 },
  ],
  csvColumns: ["id", "name", "domain_id", "enabled", "description", "email", "roles"],
  csvRecord: (user) => ({ ...user, roles: rolesText(user) }),
};

export const projectLayout: ListLayout<ProjectDocument> = {
  columns: [
    { title: "NAME", cell: ({ name }) => name, atLeast: 12, rank: 1 },
    stateColumn,
    { title: "ID", cell: ({ id }) => id, atLeast: whole, rank: 3 },
    { title: "DESCRIPTION", cell: ({ description }) => description, atLeast: 12, rank: 4 },
  ],
  csvColumns: ["id", "name", "domain_id", "enabled", "description"],
  csvRecord: (project) => ({ ...project }),
};

export const accessKeyLayout: ListLayout<AccessKeyDocument> = {
  columns: [
    { title: "ACCESS KEY", cell: ({ access }) => access, atLeast: whole, rank: 1 },
    {
      title: "CREATED",
      cell: ({ create_time }) => create_time.replace(/\.\d+Z$/, "Z"),
      atLeast: 20,
      rank: 3,
    },
    { title: "DESCRIPTION", cell: ({ description }) => description, atLeast: 12, rank: 2 },
  ],
  csvColumns: ["access", "user_id", "description", "create_time", "status"],
  csvRecord: (key) => ({ ...key }),
};

export const newAccessKeyLayout: SheetLayout<NewAccessKeyDocument> = {
  fields: ({ access, secret }) => [
    ["Access key", access],
    ["Secret key", secret],
  ],
  isCopied: true,
  csvColumns: ["access", "secret", "user_id", "description", "create_time", "status"],
  csvRecord: (key) => ({ ...key }),
};
