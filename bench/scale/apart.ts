import { fork } from "node:child_process";
import type { ApartWork, ApartWorkName } from "./apart-process.ts";

/** What the process says to the one that started it. */
export type ApartMessage =
  | { readonly kind: "told"; readonly text: string }
  | { readonly kind: "done"; readonly answer: unknown }
  | { readonly kind: "failed"; readonly reason: string };

const program = new URL("apart-process.ts", import.meta.url);

/**
 * Does work in a process of its own that keeps the engine busy for minutes. Nothing can interrupt the engine, but this
 * process still hears signals, and ends that one with them.
 *
 * @throws Error where the work does, and when the signal comes.
 */
export function apart<Name extends ApartWorkName>(
  name: Name,
  input: Parameters<ApartWork[Name]>[0],
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: (text: string) => void },
): Promise<Awaited<ReturnType<ApartWork[Name]>>> {
  return new Promise((resolve, reject) => {
    const child = fork(program, { signal, killSignal: "SIGKILL", serialization: "advanced" });
    let failure = `${name} has ended without an answer`;
    let answer: { readonly value: unknown } | undefined;
    child.on("error", (error) => {
      failure = error.message;
      // A process that could not be started is not closed; any other one is, and writes nothing more then.
      if (child.pid === undefined) reject(error);
    });
    child.on("message", (message: ApartMessage) => {
      if (message.kind === "told") tell(message.text);
      else if (message.kind === "done") answer = { value: message.answer };
      else failure = message.reason;
    });
    child.on("close", () => {
      if (answer === undefined) reject(new Error(failure));
      else resolve(answer.value as Awaited<ReturnType<ApartWork[Name]>>);
    });
    child.send({ name, input });
  });
}
