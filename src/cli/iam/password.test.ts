import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import test from "node:test";
import { ConfigError } from "../../config.ts";
import { Interruption, type PasswordSource, readNewPassword, readPasswordChange } from "./password.ts";

/** Streams as a terminal's, or as a pipe's, with what is typed, and what is shown. */
function source(
  typed: string,
  options: { readonly isTTY?: boolean; readonly outputIsTTY?: boolean; readonly fromStdin?: boolean } = {},
) {
  const { isTTY = true, fromStdin = false } = options;
  const input = new PassThrough();
  let shown = "";
  const output = new Writable({
    write(chunk, _encoding, done) {
      shown += chunk;
      done();
    },
  });
  input.end(typed);
  const streams = {
    input: Object.assign(input, { isTTY }),
    output: Object.assign(output, { isTTY: options.outputIsTTY ?? isTTY }),
  };
  const given = { fromStdin, ...streams } as unknown as PasswordSource;
  return { given, shown: () => shown };
}

const piped = (text: string) => source(text, { isTTY: false, fromStdin: true }).given;

test("a password is asked for twice, and nothing of it is shown", async () => {
  const { given, shown } = source("secret pass\rsecret pass\r");
  assert.equal(await readNewPassword(given), "secret pass");
  assert.equal(shown(), "Password: \nAgain: \n");
});

test("what is mistyped can be corrected", async () => {
  const { given } = source("secrets\x7f\rwrong\x15secret\r");
  assert.equal(await readNewPassword(given), "secret");
});

test("two answers that differ are refused without being shown", async () => {
  const { given, shown } = source("secret\rsecrets\r");
  await assert.rejects(readNewPassword(given), new ConfigError("the two passwords are not the same"));
  assert.ok(!shown().includes("secret"));
});

test("two empty answers are no password, and so is a stdin that is no terminal", async () => {
  assert.equal(await readNewPassword(source("\r\r").given), undefined);
  assert.equal(await readNewPassword(source("secret\nsecret\n", { isTTY: false }).given), undefined);
});

test("whoever gives up half-way has given none, by Ctrl-D, or has ended the command, by Ctrl-C", async () => {
  const giveUp = (key: string) => readNewPassword(source(`secret\r${key}`).given);
  await assert.rejects(giveUp("\x04"), /^ConfigError: no password was given/);
  await assert.rejects(giveUp("\x03"), Interruption);
});

test("who types at a terminal is asked where that can be seen, or refused", async () => {
  for (const read of [readNewPassword, readPasswordChange]) {
    await assert.rejects(
      read(source("secret\rsecret\r", { outputIsTTY: false }).given),
      new ConfigError("no password can be asked for where stderr is no terminal: use --password-stdin"),
    );
  }
});

test("a terminal is no file of passwords: it would show what is typed", async () => {
  await assert.rejects(
    readNewPassword(source("secret\n", { fromStdin: true }).given),
    new ConfigError("--password-stdin: stdin is a terminal; leave the option out, and you are asked"),
  );
});

test("for a change the old password is asked for first", async () => {
  const { given, shown } = source("old one\rnew one\rnew one\r");
  assert.deepEqual(await readPasswordChange(given), { original: "old one", password: "new one" });
  assert.equal(shown(), "Old password: \nNew password: \nAgain: \n");
});

test("a change needs a terminal, or stdin where that is said", async () => {
  await assert.rejects(readPasswordChange(source("a\nb\n", { isTTY: false }).given), ConfigError);
  assert.deepEqual(await readPasswordChange(piped("old\r\nnew\r\n")), { original: "old", password: "new" });
});

test("stdin holds one line for each password, the last with or without its end", async () => {
  for (const text of [" two words ", " two words \n", " two words \r\n"]) {
    assert.equal(await readNewPassword(piped(text)), " two words ");
  }
  for (const text of ["", "\n", "secret\nmore\n", "secret\n\n"]) {
    await assert.rejects(readNewPassword(piped(text)), (error: Error) => {
      assert.match(error.message, /^--password-stdin: stdin must hold one line: the password$/);
      return !error.message.includes("secret");
    });
  }
  await assert.rejects(
    readPasswordChange(piped("secret\n")),
    /stdin must hold 2 lines: the old password, then the new one$/,
  );
});
