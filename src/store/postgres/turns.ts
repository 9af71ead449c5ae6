import { TaskCenterError } from "../../task/error.ts";

/** Who asks: a project, and in which of its lines the question waits. */
export interface Asker {
  readonly projectId: string;
  readonly line: "once" | "successes" | "stream" | "ended";
}

/** The lines in which a question is a part of something. What has begun must not be refused in the middle. */
const linesOfParts: readonly Asker["line"][] = ["stream", "ended"];

/**
 * Lets questions take turns: few of a project at a time, so that none keeps all connections from the others. A
 * project's lists wait for each other, and so do its streams, its search for what has ended, and what looks at its last
 * successes: each is a line of its own.
 */
export function openTurns(limits: {
  /** How many questions are answered at once. */
  readonly atOnce: number;
  /** How many of them may be of one project. */
  readonly ofProject: number;
  /** How many questions of a project that are asked once may wait. */
  readonly maxWaiting: number;
}) {
  const { atOnce, ofProject, maxWaiting } = limits;
  const lines = new Map<string, { readonly asker: Asker; readonly starts: (() => void)[] }>();
  /** Of each project that has any, how many of its questions are being answered. */
  const busy = new Map<string, number>();
  let answering = 0;

  function begin(projectId: string): void {
    answering += 1;
    busy.set(projectId, (busy.get(projectId) ?? 0) + 1);
  }

  function end(projectId: string): void {
    answering -= 1;
    const left = (busy.get(projectId) ?? 0) - 1;
    if (left > 0) busy.set(projectId, left);
    else busy.delete(projectId);
  }

  function startNext(): void {
    if (answering >= atOnce) return;
    for (const [name, line] of lines) {
      const { asker, starts } = line;
      if ((busy.get(asker.projectId) ?? 0) >= ofProject) continue;
      // The line that has its turn goes behind the others.
      lines.delete(name);
      const start = starts.shift();
      if (starts.length > 0) lines.set(name, line);
      begin(asker.projectId);
      start?.();
      startNext();
      return;
    }
  }

  return {
    /**
     * Has a question answered when its turn comes.
     *
     * @throws TaskCenterError `too-many-requests` while too many of the project wait.
     */
    async take<T>(asker: Asker, answer: () => Promise<T>): Promise<T> {
      const { projectId, line } = asker;
      const name = `${line} ${projectId}`;
      const starts = lines.get(name)?.starts ?? [];
      if (!linesOfParts.includes(line) && starts.length >= maxWaiting) {
        const message = "Too many long questions of this project wait already.";
        throw new TaskCenterError("too-many-requests", message, { retryAfterSeconds: 5 });
      }
      await new Promise<void>((resolve) => {
        starts.push(resolve);
        lines.set(name, { asker, starts });
        startNext();
      });
      try {
        return await answer();
      } finally {
        end(projectId);
        startNext();
      }
    },
  };
}

export type Turns = ReturnType<typeof openTurns>;
