import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import makeFilter from "@balena/dockerignore";
import {
  Copy,
  DockerfileParser,
  From,
  type Instruction,
  JSONInstruction,
  ModifiableInstruction,
  PropertyInstruction,
} from "dockerfile-ast";

/** The project's Dockerfile as data, for the tests that hold it to rules and for the one that carries it out. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** One instruction: `COPY --from=build /build/bin ./bin`. */
export interface Step {
  readonly keyword: string;
  /** By name without dashes. */
  readonly flags: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** All that stands behind the keyword, its lines joined. */
  readonly text: string;
  /** The words of a form like `["taskcenter"]`; undefined where a shell would be needed. */
  readonly words: readonly string[] | undefined;
  /** Of ENV and LABEL. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface Stage {
  /** What FROM names: an image, or an earlier stage. */
  readonly from: string;
  readonly name: string | undefined;
  readonly steps: readonly Step[];
}

export function readDockerfile(): readonly Stage[] {
  const text = readFileSync(join(root, "Dockerfile"), "utf8");
  const stages: { from: string; name: string | undefined; steps: Step[] }[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction instanceof From) {
      const name = instruction.getBuildStage() ?? undefined;
      stages.push({ from: instruction.getImage() ?? "", name, steps: [] });
    } else {
      stages.at(-1)?.steps.push(readStep(instruction));
    }
  }
  return stages;
}

function readStep(instruction: Instruction): Step {
  const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags() : [];
  const properties = instruction instanceof PropertyInstruction ? instruction.getProperties() : [];
  return {
    keyword: instruction.getInstruction(),
    flags: Object.fromEntries(flags.map((flag) => [flag.getName(), flag.getValue() ?? ""])),
    args: instruction.getArguments().map((argument) => argument.getValue()),
    text: instruction.getArgumentsContent() ?? "",
    words: wordsOf(instruction),
    properties: Object.fromEntries(
      properties.map((property) => [property.getName(), property.getValue() ?? ""]),
    ),
  };
}

function wordsOf(instruction: Instruction): readonly string[] | undefined {
  // A copy may be written in brackets too, and none here is.
  if (instruction instanceof Copy) return undefined;
  const [, list] = /(?:^|\bCMD\s+)(\[.*\])\s*$/s.exec(instruction.getArgumentsContent() ?? "") ?? [];
  const isCommand = instruction instanceof JSONInstruction || instruction.getKeyword() === "HEALTHCHECK";
  return isCommand && list !== undefined ? (JSON.parse(list) as string[]) : undefined;
}

/** Whether a file of the checkout reaches the build, by `.dockerignore`. */
export function contextFilter(): (path: string) => boolean {
  const ignore = makeFilter.default({ ignorecase: false });
  ignore.add(readFileSync(join(root, ".dockerignore"), "utf8"));
  return (path) => !ignore.ignores(path);
}
