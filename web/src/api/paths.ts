/** The paths of the API as the console asks it, below the console's root. */

export function tasksApi(projectId: string, params = new URLSearchParams()): string {
  return `api/v1/${encodeURIComponent(projectId)}/tasks?${params}`;
}

export function statsApi(projectId: string, params: URLSearchParams): string {
  return `api/v1/${encodeURIComponent(projectId)}/tasks:stats?${params}`;
}

export function taskApi(projectId: string, id: string): string {
  return `api/v1/${encodeURIComponent(projectId)}/tasks/${encodeURIComponent(id)}`;
}

export function historyApi(projectId: string, id: string, params: URLSearchParams): string {
  return `${taskApi(projectId, id)}/history?${params}`;
}
