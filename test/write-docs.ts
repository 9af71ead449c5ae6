import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildDocs } from "../scripts/build-docs.ts";

/** Builds a small documentation of a test's own, with the style and script of the real one. */
export async function writeDocs(given: {
  readonly root: string;
  /** The checkout whose style and script it takes. */
  readonly program: string;
  /** The pages, by their paths. */
  readonly sources: Readonly<Record<string, string>>;
  readonly to: string;
}): Promise<void> {
  const { root, program, sources, to } = given;
  for (const [path, markdown] of Object.entries(sources)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), markdown);
  }
  for (const name of ["web", "node_modules"]) {
    try {
      symlinkSync(join(program, name), join(root, name));
    } catch (error) {
      // It is there from the build before.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  writeFileSync(join(root, "package.json"), JSON.stringify({ version: "0.0.0" }));
  await buildDocs({ root, to });
}
