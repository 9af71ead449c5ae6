import { readFileSync } from "node:fs";
import { isatty } from "node:tty";

/** Whether we are in the foreground of a terminal: whether what is typed there, Ctrl-C among it, is meant for us. */
export function inForeground(): boolean {
  let stat: string;
  try {
    stat = readFileSync("/proc/self/stat", "utf8");
  } catch {
    // Not Linux. A job in the background has the terminal too; more cannot be told there.
    return [0, 1, 2].some((fd) => isatty(fd));
  }
  return isForegroundProcess(stat);
}

/** Whether a process, by what Linux tells of it in `stat`, belongs to the group in its terminal's foreground. */
export function isForegroundProcess(stat: string): boolean {
  // A name in parentheses, which may itself hold spaces and parentheses, then state, ppid, pgrp, session, tty, tpgid.
  const [, , group, , , foregroundGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return group === foregroundGroup;
}
