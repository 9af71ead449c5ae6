import type { Argument, Command, Option } from "commander";

/** A word that may stand where the cursor is, and what it means where there is anything to say. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What a shell is to offer: these words, and what it finds by itself. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly others: Others;
}

/** What only the shell knows: which files and programs there are. */
export const othersKinds = ["nothing", "files", "directories", "commands"] as const;
export type Others = (typeof othersKinds)[number];

const nothing: Completion = { candidates: [], others: "nothing" };

/**
 * What may stand in the place of the last word, which is as much of it as was typed; the words before it are taken as
 * the program itself would take them. Only what the command tree says is offered, so that no server is asked.
 */
export function completeWords(program: Command, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? "";
  const place = placeAfter(program, words.slice(0, -1));
  const offered = offer(place, typed);
  return { ...offered, candidates: offered.candidates.filter(({ value }) => value.startsWith(typed)) };
}

/** Where the cursor stands. */
interface Place {
  readonly command: Command;
  /** How many arguments of the command stand before the cursor. */
  readonly argumentsBefore: number;
  /** The option whose value may stand here: must, unless it takes several and has had one. */
  readonly option: Option | undefined;
  readonly isValueNeeded: boolean;
  /** After `--`, and in another program's command line, nothing is an option. */
  readonly isPastOptions: boolean;
  /** After `help`, where only names of commands stand. */
  readonly isHelp: boolean;
}

function placeAfter(program: Command, words: readonly string[]): Place {
  const start = { command: program, argumentsBefore: 0, option: undefined, isValueNeeded: false };
  return words.reduce<Place>(step, { ...start, isPastOptions: false, isHelp: false });
}

function step(place: Place, word: string): Place {
  const { command, option, isPastOptions } = place;
  if (place.isValueNeeded)
    return { ...place, isValueNeeded: false, option: option?.variadic ? option : undefined };
  if (!isPastOptions && word === "--") return { ...place, isPastOptions: true, option: undefined };
  if (!isPastOptions && word.length > 1 && word.startsWith("-")) {
    const given = findOption(command, word);
    const hasValue = given !== undefined && (isAttached(given, word) || !takesValue(given));
    return {
      ...place,
      option: hasValue ? undefined : given,
      isValueNeeded: given !== undefined && !hasValue,
    };
  }
  if (option?.variadic) return place;
  const subcommand = command.commands.find((each) => each.name() === word);
  if (subcommand !== undefined && place.argumentsBefore === 0) return { ...place, command: subcommand };
  if (word === "help" && command.parent === null && !place.isHelp) return { ...place, isHelp: true };
  // From here on the words are another program's.
  const isForeign = argumentAt(command, place.argumentsBefore)?.name() === "COMMAND";
  const argumentsBefore = place.argumentsBefore + 1;
  return { ...place, argumentsBefore, isPastOptions: isPastOptions || isForeign };
}

function offer(place: Place, typed: string): Completion {
  const { command, option, isPastOptions } = place;
  if (place.isHelp) return { candidates: subcommandsOf(command), others: "nothing" };
  if (option !== undefined && place.isValueNeeded) return valuesOf(option);
  if (!isPastOptions && typed.startsWith("-")) return offerOptions(command, typed);
  if (option !== undefined) return valuesOf(option);
  if (command.commands.length > 0) {
    return place.argumentsBefore > 0 ? nothing : { candidates: subcommandsOf(command), others: "nothing" };
  }
  return argumentOf(argumentAt(command, place.argumentsBefore), place.argumentsBefore);
}

/** The options, or the values of the one that is being given as `--output=…`. */
function offerOptions(command: Command, typed: string): Completion {
  const end = typed.indexOf("=");
  if (end === -1) return { candidates: optionsOf(command), others: "nothing" };
  const option = findOption(command, typed);
  if (option === undefined || !takesValue(option)) return nothing;
  const flag = typed.slice(0, end + 1);
  const { candidates, others } = valuesOf(option);
  return { candidates: candidates.map((each) => ({ ...each, value: flag + each.value })), others };
}

function findOption(command: Command, word: string): Option | undefined {
  const [flag = ""] = word.split("=", 1);
  return command.options.find(
    ({ long, short }) =>
      long === flag || (short !== undefined && !word.startsWith("--") && word.startsWith(short)),
  );
}

/** `--output=json` and `-ojson`, where the value is in the same word. */
function isAttached({ short }: Option, word: string): boolean {
  return word.startsWith("--") ? word.includes("=") : word !== short;
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function valuesOf(option: Option): Completion {
  if (option.argChoices !== undefined) return choicesOf(option.argChoices);
  // What stands behind the flag says what is wanted: `--data <DIR>`.
  const [, form = ""] = /<([^>]*)>/.exec(option.flags) ?? [];
  return { candidates: [], others: othersOf(form) };
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const known = command.registeredArguments;
  const last = known.at(-1);
  return known[index] ?? (last?.variadic ? last : undefined);
}

function argumentOf(argument: Argument | undefined, index: number): Completion {
  if (argument === undefined) return nothing;
  if (argument.argChoices !== undefined) return choicesOf(argument.argChoices);
  // The first word is a program; what follows is for it, and most often a file.
  if (argument.name() === "COMMAND") return { candidates: [], others: index === 0 ? "commands" : "files" };
  return { candidates: [], others: othersOf(argument.name()) };
}

function othersOf(form: string): Others {
  if (form === "FILE") return "files";
  return form === "DIR" ? "directories" : "nothing";
}

function choicesOf(choices: readonly string[]): Completion {
  return { candidates: choices.map((value) => ({ value, description: "" })), others: "nothing" };
}

/** As the help lists them: without those that are not for people, and with `help` itself. */
function subcommandsOf(command: Command): readonly Candidate[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((each) => ({ value: each.name(), description: each.summary() || each.description() }));
}

function optionsOf(command: Command): readonly Candidate[] {
  const visible = command.createHelp().visibleOptions(command);
  return visible.map(({ long, flags, description }) => ({ value: long ?? flags, description }));
}
