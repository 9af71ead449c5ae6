import { inForeground } from "./foreground.ts";

/**
 * The signals that are for the command, and who sends them. The command is in our process group: what a terminal, or
 * its shell, sends to the job in the foreground goes to the whole group, the command included. (A group of its own
 * would keep the command from the terminal, so that no password could be asked for.)
 */
const senders = {
  SIGINT: "terminal",
  SIGQUIT: "terminal",
  SIGTSTP: "terminal",
  SIGCONT: "terminal",
  SIGWINCH: "terminal",
  SIGHUP: "terminal",
  SIGTERM: "process",
  SIGUSR1: "process",
  SIGUSR2: "process",
} as const satisfies Partial<Record<NodeJS.Signals, "terminal" | "process">>;

type PassedSignal = keyof typeof senders;

export interface SignalPassing {
  /** Whether Ctrl-C was typed. */
  wasInterrupted(): boolean;
  /** From now on signals mean ourselves. */
  stop(): void;
}

/**
 * Passes signals on to a command, except those that it has from the terminal already. A signal does not tell who sent
 * it, so one that a terminal may send counts as the terminal's while we are in its foreground. There, not at all is
 * better than twice: many programs take a second Ctrl-C for "at once", and who writes `kill` can write another signal.
 */
export function passSignals(receiver: {
  readonly pass: (signal: NodeJS.Signals) => void;
  readonly beforeStop: () => void;
}): SignalPassing {
  let interrupted = false;

  const receive = (signal: PassedSignal) => {
    const isTyped = senders[signal] === "terminal" && inForeground();
    if (!isTyped) receiver.pass(signal);
    if (isTyped && signal === "SIGINT") interrupted = true;
    if (signal === "SIGTSTP") {
      // The command stops by itself; so must we, or the shell would wait for us. SIGCONT wakes us both.
      receiver.beforeStop();
      process.kill(process.pid, "SIGSTOP");
    }
  };

  const signals = Object.keys(senders) as PassedSignal[];
  for (const signal of signals) process.on(signal, receive);
  return {
    wasInterrupted: () => interrupted,
    stop: () => {
      for (const signal of signals) process.off(signal, receive);
    },
  };
}
