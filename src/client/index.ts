export type { BatchResult } from "./batch.ts";
export { type ConnectOptions, connect, TaskCenterClient, type WatchOptions } from "./client.ts";
export type { CallOptions, ConnectLimits } from "./connection.ts";
export {
  type AccessKeyCredentials,
  type Credentials,
  type IamCredentials,
  isHttpAddress,
  type PasswordCredentials,
  projectAddress,
  type Reference,
  serverAddress,
  type TokenCredentials,
} from "./credentials.ts";
export { AccessError, ApiError, ConnectionError, type RefusedField, WrongPasswordError } from "./errors.ts";
export type { ExportPlace } from "./export.ts";
export { type ConnectIamOptions, connectIam, IamClient } from "./iam.ts";
export {
  type AccessKeyDocument,
  type CreateProjectBody,
  type CreateUserBody,
  type NewAccessKeyDocument,
  type ProjectDocument,
  type RoleAssignmentDocument,
  type RoleGrant,
  type RoleName,
  type RoleScope,
  roleNames,
  type UpdateProjectBody,
  type UpdateUserBody,
  type UserDocument,
} from "./iam-types.ts";
export type {
  BatchLine,
  CountTasksQuery,
  CreateTaskBody,
  ExportedTask,
  HistoryDocument,
  HistoryEntryDocument,
  ListHistoryQuery,
  ListTasksQuery,
  ReportTaskBody,
  TaskCountsDocument,
  TaskDocument,
  TaskFilter,
  TaskGroupDocument,
  TaskListDocument,
} from "./types.ts";
