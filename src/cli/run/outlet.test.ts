import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { Outlet } from "./outlet.ts";

test("a chunk that does not fit into a non-blocking file is written as room becomes free", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-test-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "pipe");
  execFileSync("mkfifo", [path]);
  const reader = new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);

  const outlet = new Outlet(fd, undefined);
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  const written = outlet.write(bytes).then(() => closeSync(fd));
  await elapse(50);
  assert.equal(outlet.isIdle, false);

  const read = await reader.toArray();
  await written;
  assert.ok(Buffer.concat(read).equals(bytes));
  assert.equal(outlet.isIdle, true);
});

test("what cannot be written is an error, and then the outlet is idle", async () => {
  const fd = openSync("/dev/full", constants.O_WRONLY);
  const outlet = new Outlet(fd, undefined);
  await assert.rejects(outlet.write(Buffer.from("x")), { code: "ENOSPC" });
  assert.equal(outlet.isIdle, true);
  closeSync(fd);
});

test("an outlet leaves the file as it is for those who share it", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "taskcenter-test-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "file");
  const fd = openSync(path, "w");
  await new Outlet(fd, undefined).write(Buffer.from("text"));
  closeSync(fd);
  assert.equal(readFileSync(path, "utf8"), "text");
});
