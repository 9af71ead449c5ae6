import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { makeFolder } from "./folder.ts";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "taskcenter-folder-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a folder is made with those above it, for its owner alone", (t) => {
  const folder = temporaryFolder(t);
  makeFolder(join(folder, "a/b/c"));
  for (const made of ["a", "a/b", "a/b/c"]) assert.equal(statSync(join(folder, made)).mode & 0o777, 0o700);
});

test("a folder that is there is left as it is, also behind a link", (t) => {
  const folder = temporaryFolder(t);
  symlinkSync(folder, join(folder, "link"));
  makeFolder(folder);
  makeFolder(join(folder, "link"));
  makeFolder("/");
  makeFolder(".");
});

test("where there can be no folder, the system's error says so", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "file"), "");
  symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
  assert.throws(() => makeFolder(join(folder, "file")), { code: "EEXIST" });
  assert.throws(() => makeFolder(join(folder, "file/a/b")), { code: "ENOTDIR" });
  assert.throws(() => makeFolder(join(folder, "dangling/a")), { code: "EEXIST" });
});
