import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { ConfigError } from "../../config.ts";

/** Somebody typed Ctrl-C where a password was asked for. */
export class Interruption extends Error {}

/** Where passwords come from: never from the command line, which other users of the machine can read. */
export interface PasswordSource {
  /** Whether stdin holds them, a line each; else they are asked for on the terminal. */
  readonly fromStdin: boolean;
  readonly input: NodeJS.ReadStream;
  /** Where the questions go. */
  readonly output: NodeJS.WriteStream;
}

/** The source that a command's `--password-stdin` chooses. */
export function passwordSource({
  passwordStdin = false,
}: {
  readonly passwordStdin?: boolean;
}): PasswordSource {
  return { fromStdin: passwordStdin, input: process.stdin, output: process.stderr };
}

/**
 * A new password; undefined where none was typed, or stdin is no terminal to type on. @throws ConfigError where what
 * was given is not one password; Interruption.
 */
export async function readNewPassword(source: PasswordSource): Promise<string | undefined> {
  if (source.fromStdin) return (await linesOf(source.input, ["the password"]))[0];
  if (!source.input.isTTY) return undefined;
  const [password = "", again] = await ask(source, ["Password: ", "Again: "]);
  checkSame(password, again);
  return password || undefined;
}

/** An old password and a new one. @throws ConfigError where they were not given; Interruption. */
export async function readPasswordChange(
  source: PasswordSource,
): Promise<{ readonly original: string; readonly password: string }> {
  if (source.fromStdin) {
    const [original = "", password = ""] = await linesOf(source.input, ["the old password", "the new one"]);
    return { original, password };
  }
  if (!source.input.isTTY) throw noPassword();
  const questions = ["Old password: ", "New password: ", "Again: "];
  const [original = "", password = "", again] = await ask(source, questions);
  checkSame(password, again);
  return { original, password };
}

export function noPassword(): ConfigError {
  return new ConfigError("no password was given: type it on a terminal, or use --password-stdin");
}

function checkSame(password: string, again: string | undefined): void {
  if (password !== again) throw new ConfigError("the two passwords are not the same");
}

/** The lines of stdin, which must be these and no others. A terminal would show what is typed. */
async function linesOf(input: NodeJS.ReadStream, names: readonly string[]): Promise<readonly string[]> {
  if (input.isTTY) {
    throw new ConfigError("--password-stdin: stdin is a terminal; leave the option out, and you are asked");
  }
  const lines = (await text(input)).replace(/\r?\n$/, "").split(/\r?\n/);
  if (lines.length !== names.length || lines.includes("")) {
    const form = names.length === 1 ? "one line" : `${names.length} lines`;
    throw new ConfigError(`--password-stdin: stdin must hold ${form}: ${names.join(", then ")}`);
  }
  return lines;
}

/** Asks one question after the other, where they can be seen. What is typed can be corrected, and is not shown. */
async function ask(
  { input, output }: PasswordSource,
  questions: readonly string[],
): Promise<readonly string[]> {
  if (!output.isTTY) {
    throw new ConfigError("no password can be asked for where stderr is no terminal: use --password-stdin");
  }
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  // One reader for all answers: what was typed ahead, or pasted, belongs to the next question.
  const reader = createInterface({ input, output: unseen, terminal: true, historySize: 0 });
  const typed = reader[Symbol.asyncIterator]();
  let isInterrupted = false;
  reader.on("SIGINT", () => {
    isInterrupted = true;
    reader.close();
  });
  const answers: string[] = [];
  try {
    for (const question of questions) {
      output.write(question);
      const { value, done } = await typed.next();
      output.write("\n");
      if (isInterrupted) throw new Interruption();
      if (done === true) throw noPassword();
      answers.push(value);
    }
    return answers;
  } finally {
    reader.close();
  }
}
