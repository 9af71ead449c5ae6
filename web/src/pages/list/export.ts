import type { TaskFilter } from "../../view/task-filter.ts";
import { type Moments, momentText } from "../../view/time-range.ts";

/** How many tasks a browser holds without being asked twice: some hundred MB. */
export const heldTasks = 100_000;

/** `eu-de-tasks.csv`: of a project's name what every file system takes. */
export function fileName(projectName: string, ending: string): string {
  const name = projectName
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[.-]+|-+$/g, "")
    .slice(0, 64);
  return `${name === "" ? "" : `${name}-`}tasks.${ending}`;
}

/** The options of the command line, by the conditions that they stand for. */
const options = {
  service: "--service",
  kind: "--kind",
  state: "--state",
  status: "--status",
  name: "--name",
  instance_id: "--instance",
  instance_name: "--instance-name",
  database_name: "--database",
  parent_id: "--parent",
  label: "--label",
} as const satisfies Partial<Record<keyof TaskFilter, string>>;

/**
 * The command that writes the tasks of a filter, in the project whose they are: of whoever pastes it, the settings may
 * name another one, or none. What the command line cannot say (several texts, tasks that are not
 * stale, an end in time) is left out of it: then it writes more tasks, never fewer.
 */
export function exportLine(projectId: string, filter: TaskFilter, { fromMs }: Partial<Moments>): string {
  const words = Object.entries(options).flatMap(([key, option]) => {
    // Only right behind its option is a value never taken for another option, whatever it begins with.
    return filter[key as keyof typeof options].flatMap((value) => [option, quoted(value)]);
  });
  const [text] = filter.q;
  if (text !== undefined && filter.q.length === 1) words.push("--query", quoted(text));
  if (filter.stale === true) words.push("--stale");
  if (fromMs !== undefined) words.push("--since", momentText(fromMs));
  return [`OS_PROJECT_ID=${quoted(projectId)} taskcenter export`, ...words, "--output tasks.ndjson"].join(
    " ",
  );
}

/** One word for a shell. What a terminal would take for keys, in what somebody pastes, is spelled out. */
function quoted(text: string): string {
  if (/^[A-Za-z0-9_.:/@+-][A-Za-z0-9_.:/@=+-]*$/.test(text)) return text;
  if (!/\p{Cc}/u.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const spelled = text
    .replace(/[\\']/g, "\\$&")
    .replace(/\p{Cc}/gu, (control) =>
      Array.from(new TextEncoder().encode(control), (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join(
        "",
      ),
    );
  return `$'${spelled}'`;
}
