export {
  type CallOptions,
  type ConnectOptions,
  connect,
  TaskCenterClient,
  type WatchOptions,
} from "./client.ts";
export { ApiError, ConnectionError, type RefusedField } from "./errors.ts";
export {
  type Credentials,
  isHttpAddress,
  type PasswordCredentials,
  type Reference,
  type TokenCredentials,
} from "./session.ts";
export type {
  CreateTaskBody,
  HistoryDocument,
  HistoryEntryDocument,
  ListHistoryQuery,
  ListTasksQuery,
  ReportTaskBody,
  TaskDocument,
  TaskListDocument,
} from "./types.ts";
