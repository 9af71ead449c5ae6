import { open } from "node:fs/promises";
import { addAbortSignal, type Readable } from "node:stream";
import { Command } from "commander";
import type { ApiError, BatchLine } from "../client/index.ts";
import { connectToServer } from "./cloud.ts";
import { exitCodes } from "./exit-codes.ts";
import { fileTrouble } from "./file-trouble.ts";
import { importLines } from "./import-lines.ts";
import { interruptible } from "./interruption.ts";
import { readCount } from "./option-values.ts";
import { progressOn } from "./progress.ts";
import { oneLine } from "./text.ts";

interface ImportOptions {
  readonly fromLine: number;
}

/** `taskcenter import`: records what `taskcenter export` has written, and other tasks of the past. */
export function importCommand(): Command {
  return new Command("import")
    .summary("record exported tasks, with their ids, times and histories")
    .description(
      "Records tasks as `taskcenter export` writes them, with their ids, times and histories, which takes the role " +
        'admin; or creates them from lines {"create": {...}}. What is there already is left as it is, so the same ' +
        "import may be made again, or go on where it was interrupted.",
    )
    .argument("[FILE]", "what to read; - or nothing: stdin")
    .option("--from-line <NUMBER>", "the line of the input to begin with", readCount, 1)
    .addHelpText(
      "after",
      `
Examples:
  $ taskcenter import tasks.ndjson
  $ taskcenter import tasks.ndjson --from-line 120001
  $ gunzip < rds.ndjson.gz | OS_CLOUD=new taskcenter import
  $ jq -c '{create: {service: "rds", name: "BackupInstance", instance: {id: .db}, status: "Completed",
      created_at: .begin, ended_at: .end}}' backups.json | taskcenter import`,
    )
    .action(async (file: string | undefined, options: ImportOptions) => {
      const input = await openInput(file);
      await interruptible((signal) => importFrom(input, options, signal));
    });
}

/** What is read, and how many bytes it has; undefined of a pipe, where nobody knows. */
interface Input {
  readonly stream: Readable;
  readonly bytes: number | undefined;
}

/** @throws Error where there is no such file, or it cannot be read. */
async function openInput(file: string | undefined): Promise<Input> {
  if (file === undefined || file === "-") return { stream: process.stdin, bytes: undefined };
  const handle = await open(file).catch(fileTrouble(file, "read"));
  const facts = await handle.stat();
  if (facts.isDirectory()) {
    await handle.close();
    throw new Error(`${file} is a folder`);
  }
  return { stream: handle.createReadStream(), bytes: facts.isFile() ? facts.size : undefined };
}

async function importFrom(input: Input, { fromLine }: ImportOptions, signal: AbortSignal): Promise<void> {
  const client = await connectToServer({ signal });
  const progress = progressOn(process.stderr);
  const counts = { imported: 0, alreadyThere: 0, refused: 0 };
  /** The lines that were sent and not answered yet. */
  const unanswered: number[] = [];
  let nextLine = fromLine;
  let bytesRead = 0;

  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of addAbortSignal(signal, input.stream)) {
      bytesRead += chunk.length;
      yield chunk;
    }
  }
  async function* sent(): AsyncGenerator<BatchLine> {
    for await (const line of importLines(counted(), fromLine)) {
      nextLine = line.number + 1;
      if (line.refusal !== undefined) {
        refuse(line.number, line.refusal);
      } else {
        unanswered.push(line.number);
        yield line.line;
      }
    }
  }
  function say(line: string): void {
    progress.erase();
    process.stderr.write(`${line}\n`);
  }
  function sayCounts(): void {
    const { imported, alreadyThere, refused } = counts;
    say(`imported ${imported}, already there ${alreadyThere}, refused ${refused}`);
  }
  function refuse(number: number, reason: string): void {
    counts.refused += 1;
    say(`line ${number}: ${oneLine(reason)}`);
  }

  try {
    for await (const { status, error } of client.sendBatch(sent(), { signal })) {
      if (error !== undefined && isAboutEveryLine(error)) throw error;
      const number = unanswered.shift() ?? nextLine;
      if (error !== undefined) refuse(number, error.detail);
      else if (status === 200) counts.alreadyThere += 1;
      else counts.imported += 1;
      progress.show("importing", input.bytes && (100 * bytesRead) / input.bytes);
    }
  } catch (error) {
    const firstUndone = unanswered[0] ?? nextLine;
    // What was not begun is not gone on with: the error says it all.
    if (firstUndone > fromLine) {
      say(`interrupted: go on with --from-line ${firstUndone}`);
      sayCounts();
    }
    progress.erase();
    throw signal.aborted ? signal.reason : error;
  }
  sayCounts();
  if (counts.refused > 0) process.exitCode = exitCodes.failed;
}

/** Whether a refusal says nothing of the line itself: the next ones would be refused alike. */
function isAboutEveryLine({ status }: ApiError): boolean {
  return [401, 403, 429].includes(status) || status >= 500;
}
