/** What the page calls the parts of a task, by the API's names: the same in its facts and in its timeline. */
export const fieldLabels = {
  status: "Status",
  progress: "Progress",
  fail_reason: "Reason",
  "instance.id": "Instance id",
  "instance.name": "Instance",
  "instance.status": "Instance status",
  database_name: "Database",
  created_at: "Created",
  started_at: "Started",
  ended_at: "Ended",
  planned_start_at: "Planned begin",
  planned_end_at: "Planned end",
  lease_seconds: "Lease in seconds",
  on_stale: "When stale",
  priority: "Priority",
  order_id: "Order",
  attempt: "Attempt",
} as const;

/** The page's word for a field of the timeline; a label's or a detail's own name stays what it is. */
export function fieldLabel(field: string): string {
  return Object.hasOwn(fieldLabels, field) ? fieldLabels[field as keyof typeof fieldLabels] : field;
}
