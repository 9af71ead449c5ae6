/**
 * Writes to stdout, and waits until it is taken, so that a slow reader slows us down. Nobody touches `process.stdout`
 * before there is something to say: `run` hands the file on to a command, and Node's stream would change it.
 *
 * @throws the system's error; `EPIPE` where nobody reads any more.
 */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stdout().write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** The stream, listened to: the callback learns of a failed write, but without a listener the process would end too. */
export function stdout(): NodeJS.WriteStream {
  if (process.stdout.listenerCount("error") === 0) process.stdout.on("error", () => {});
  return process.stdout;
}
