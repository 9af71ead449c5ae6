import { readFileSync } from "node:fs";
import { Command } from "commander";
import { completeWords } from "./completion-words.ts";
import { print } from "./terminal.ts";
import { oneLine } from "./text.ts";

/** How each shell is told of the completion: for good, and for this session alone. */
const installations = {
  bash: `Examples:
  $ source <(taskcenter completion bash)
That line in ~/.bashrc is for good.
With the package bash-completion it can be a file instead, which is read at the first use:
  $ mkdir -p ~/.local/share/bash-completion/completions
  $ taskcenter completion bash > ~/.local/share/bash-completion/completions/taskcenter`,
  zsh: `Examples:
  $ source <(taskcenter completion zsh)
That line in ~/.zshrc, after compinit, is for good.
Or as a file in a folder of fpath, before compinit:
  $ taskcenter completion zsh > "\${fpath[1]}/_taskcenter"`,
  fish: `Examples:
  $ taskcenter completion fish | source
For good:
  $ mkdir -p ~/.config/fish/completions
  $ taskcenter completion fish > ~/.config/fish/completions/taskcenter.fish`,
} as const;

/** `taskcenter completion`: what the Tab key does in a shell. */
export function completionCommand(): Command {
  const command = new Command("completion")
    .summary("let the shell complete commands, options and values")
    .description(
      "Prints what a shell needs to complete commands, options, their values and files of taskcenter: " +
        "a script, which asks the program at each Tab key, so that after an upgrade nothing has to be done.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ source <(taskcenter completion bash)
  $ taskcenter completion fish | source
  $ taskcenter completion zsh --help`,
    );
  for (const [shell, installation] of Object.entries(installations)) {
    command.addCommand(
      new Command(shell)
        .summary(`print the script for ${shell}`)
        .description(`Prints the script by which ${shell} completes taskcenter.`)
        .addHelpText("after", `\n${installation}`)
        .action(() => print(scriptOf(shell))),
    );
  }
  return command.addCommand(wordsCommand(), { hidden: true });
}

/** A script is a file in its own language, beside this one, from the sources as from the build. */
function scriptOf(shell: string): string {
  return readFileSync(new URL(`./completion/taskcenter.${shell}`, import.meta.url), "utf8");
}

/** What the scripts ask: a line for each word with what it means, then a line with what else the shell is to offer. */
function wordsCommand(): Command {
  return new Command("words")
    .summary("what may stand in the place of the last word")
    .description("Answers the scripts of the shells: not for people.")
    .argument("[WORDS...]", "the command line up to the cursor, without the program")
    .addHelpText("after", "\nExamples:\n  $ taskcenter completion words -- list --state fa")
    .action(async (words: readonly string[], _options, invoked: Command) => {
      const { candidates, others } = completeWords(rootOf(invoked), words);
      const lines = candidates.map(({ value, description }) => `${value}\t${oneLine(description)}\n`);
      await print(`${lines.join("")}:${others}\n`);
    });
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
