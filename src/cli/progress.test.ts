import assert from "node:assert/strict";
import { Writable } from "node:stream";
import test from "node:test";
import { progressOn } from "./progress.ts";

/** A stream that keeps what is written to it. */
class Written extends Writable {
  readonly isTTY: boolean;
  readonly columns = 60;
  text = "";

  constructor(isTTY: boolean) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(text: string | Buffer, _encoding: string, done: () => void): void {
    this.text += String(text);
    done();
  }
}

test("a percentage is shown as a bar, and what has none with its seconds", () => {
  const terminal = new Written(true);
  const progress = progressOn(terminal);
  progress.show("backing up", 41.7);
  assert.match(terminal.text, /backing up \[[^\]]{30}\] 41%/);
  progress.show("checking the copy", undefined);
  progress.erase();
  assert.match(terminal.text, /checking the copy 0 s/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the cursor goes to the line's start, and clears it
  assert.match(terminal.text, /\x1b\[1G\x1b\[2K$/);
});

test("a progress that was erased shows again with the next word, and only then", () => {
  const terminal = new Written(true);
  const progress = progressOn(terminal);
  progress.show("checking pages", undefined);
  progress.erase();
  const { length } = terminal.text;
  progress.erase();
  assert.equal(terminal.text.length, length);
  progress.show("checking counts", 3);
  progress.erase();
  assert.match(terminal.text.slice(length), /checking counts \[.*\] 3%/);
});

test("nothing is written where there is no terminal", () => {
  const file = new Written(false);
  const progress = progressOn(file);
  progress.show("backing up", 41.7);
  progress.erase();
  assert.equal(file.text, "");
});
