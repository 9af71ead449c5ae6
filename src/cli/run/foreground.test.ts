import assert from "node:assert/strict";
import test from "node:test";
import { isForegroundProcess } from "./foreground.ts";

/** As in proc(5): pid, name, state, ppid, pgrp, session, tty, tpgid, and much more. */
const stat = (name: string, group: number, foregroundGroup: number) =>
  `4242 (${name}) S 17 ${group} 17 34816 ${foregroundGroup} 4194560 2305 0 0 0`;

test("a process is in the foreground when its group is the terminal's", () => {
  assert.equal(isForegroundProcess(stat("node", 4242, 4242)), true);
  assert.equal(isForegroundProcess(stat("node", 4242, 17)), false);
});

test("a process without a terminal is not in the foreground", () => {
  assert.equal(isForegroundProcess(stat("node", 4242, -1)), false);
});

test("spaces and parentheses in the process's name do not matter", () => {
  assert.equal(isForegroundProcess(stat(") S 1 1 (x", 4242, 4242)), true);
  assert.equal(isForegroundProcess(stat("a b) S 1 4242 1 1 4242 (", 4242, 17)), false);
});
