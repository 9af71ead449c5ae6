import assert from "node:assert/strict";
import { Writable } from "node:stream";
import test, { type TestContext } from "node:test";
import { TerminalBar } from "./bar.ts";

/** A terminal as far as the bar needs one: it shows what a person would see. */
class Screen extends Writable {
  readonly isTTY = true;
  readonly columns: number;
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #saved = { row: 0, column: 0 };
  /** Whether anything was changed that outlives the process: the cursor hidden, lines no longer wrapped. */
  isChanged = false;

  constructor(columns = 80) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  get text(): string {
    return this.#lines.map((line) => line.join("").trimEnd()).join("\n");
  }

  override _write(text: string | Buffer, _encoding: string, done: () => void): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what a terminal reads
    for (const [token] of String(text).matchAll(/\x1b\[\??\d*[A-Za-z]|\x1b[78]|[\s\S]/g)) this.#obey(token);
    done();
  }

  #obey(token: string): void {
    if (token === "\n") {
      this.#row += 1;
      this.#column = 0;
      this.#lines[this.#row] ??= [];
    } else if (token === "\r" || token === "\x1b[1G") this.#column = 0;
    else if (token === "\x1b[0K") this.#line().splice(this.#column);
    else if (token === "\x1b[2K") this.#line().splice(0);
    else if (token === "\x1b7") this.#saved = { row: this.#row, column: this.#column };
    else if (token === "\x1b8") [this.#row, this.#column] = [this.#saved.row, this.#saved.column];
    else if (token.startsWith("\x1b")) this.isChanged = true;
    else {
      this.#line()[this.#column] = token;
      this.#column += 1;
    }
  }

  #line(): string[] {
    const line = this.#lines[this.#row];
    assert.ok(line !== undefined);
    return line;
  }
}

function startBar(
  t: TestContext,
  options: { readonly columns?: number; readonly mayDraw?: () => boolean } = {},
) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const screen = new Screen(options.columns);
  const bar = new TerminalBar(screen, "BackupInstance db1", options.mayDraw ?? (() => true));
  const put = (text: string) => {
    bar.beforeWrite();
    screen.write(text);
    bar.afterWrite(Buffer.from(text));
  };
  return { screen, bar, put, pass: (ms: number) => t.mock.timers.tick(ms) };
}

const drawn = (percent: number) => {
  const complete = Math.round((percent / 100) * 40);
  return `BackupInstance db1 [${"=".repeat(complete)}${"-".repeat(40 - complete)}] ${percent}%`;
};

test("the bar appears with the first percentage, after a quiet moment", (t) => {
  const { screen, bar, put, pass } = startBar(t);
  put("starting\n");
  pass(10_000);
  assert.equal(screen.text, "starting\n");
  bar.show(42.7);
  pass(199);
  assert.equal(screen.text, "starting\n");
  pass(1);
  assert.equal(screen.text, `starting\n${drawn(42)}`);
});

test("the bar shows the latest percentage", (t) => {
  const { screen, bar, pass } = startBar(t);
  bar.show(10);
  pass(200);
  bar.show(50);
  pass(1000);
  assert.equal(screen.text, drawn(50));
});

test("output never meets the bar, which comes back below it", (t) => {
  const { screen, bar, put, pass } = startBar(t);
  bar.show(25);
  pass(200);
  put("one\ntwo\n");
  assert.equal(screen.text, "one\ntwo\n");
  pass(200);
  assert.equal(screen.text, `one\ntwo\n${drawn(25)}`);
  put("three\n");
  bar.close();
  assert.equal(screen.text, "one\ntwo\nthree\n");
});

test("while output comes all the time there is no bar", (t) => {
  const { screen, bar, put, pass } = startBar(t);
  bar.show(25);
  for (let count = 0; count < 20; count += 1) {
    put("x\n");
    pass(150);
    assert.equal(screen.text, "x\n".repeat(count + 1));
  }
});

test("a line that the command has not finished is not drawn over", (t) => {
  const { screen, bar, put, pass } = startBar(t);
  bar.show(25);
  put("Overwrite? [y/n] ");
  pass(10_000);
  bar.show(26);
  pass(10_000);
  assert.equal(screen.text, "Overwrite? [y/n]");
  put("y\n");
  pass(200);
  assert.equal(screen.text, `Overwrite? [y/n] y\n${drawn(26)}`);
});

test("there is no bar while a slow terminal is being written to", (t) => {
  const { screen, bar, pass } = startBar(t);
  bar.beforeWrite();
  bar.show(25);
  pass(10_000);
  assert.equal(screen.text, "");
  bar.afterWrite(Buffer.from("\n"));
  pass(200);
  assert.equal(screen.text, drawn(25));
});

test("there is no bar while the terminal is not ours", (t) => {
  let isOurs = false;
  const { screen, bar, pass } = startBar(t, { mayDraw: () => isOurs });
  bar.show(25);
  pass(10_000);
  assert.equal(screen.text, "");
  isOurs = true;
  bar.show(26);
  pass(200);
  assert.equal(screen.text, drawn(26));
});

test("a bar that was erased comes back, one that was closed does not", (t) => {
  const { screen, bar, put, pass } = startBar(t);
  bar.show(25);
  pass(200);
  bar.erase();
  assert.equal(screen.text, "");
  bar.show(26);
  pass(200);
  assert.equal(screen.text, drawn(26));
  bar.close();
  put("late\n");
  pass(10_000);
  assert.equal(screen.text, "late\n");
});

test("a narrow terminal cuts the bar", (t) => {
  const { screen, bar, pass } = startBar(t, { columns: 30 });
  bar.show(25);
  pass(200);
  assert.equal(screen.text, drawn(25).slice(0, 30));
});

test("the terminal works as before, whenever the process ends", (t) => {
  const { screen, bar, put, pass } = startBar(t);
  for (let percent = 0; percent <= 100; percent += 10) {
    bar.show(percent);
    pass(300);
    put("line\n");
  }
  assert.equal(screen.isChanged, false);
});

test("a terminal that fails closes the bar, and nothing else", (t) => {
  const { screen, bar, pass } = startBar(t);
  bar.show(25);
  pass(200);
  screen.emit("error", new Error("EIO"));
  pass(10_000);
  assert.equal(screen.text, "");
});
