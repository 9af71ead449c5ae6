import { createHash } from "node:crypto";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

/**
 * Bundles the site's style and script, with the fonts and colours that the console has. Their names tell their content,
 * so a browser may keep them for ever.
 */
export async function buildAssets({
  root,
  to,
}: {
  readonly root: string;
  readonly to: string;
}): Promise<{ readonly style: string; readonly script: string; readonly icon: string }> {
  const built = await build({
    configFile: false,
    root: join(root, "web/docs"),
    base: "./",
    logLevel: "warn",
    build: {
      outDir: to,
      emptyOutDir: true,
      target: "es2023",
      // The Content-Security-Policy lets no font and no script come out of an address like `data:`.
      assetsInlineLimit: 0,
      modulePreload: false,
      rolldownOptions: {
        input: join(root, "web/docs/site.ts"),
        output: { entryFileNames: "[name]-[hash].js", assetFileNames: "[name]-[hash][extname]" },
      },
    },
  });
  const [result] = [built].flat();
  if (result === undefined || !("output" in result)) throw new Error("the bundler answered no files");
  const nameOf = (ending: string): string => {
    const found = result.output.find(({ fileName }) => fileName.endsWith(ending));
    if (found === undefined) throw new Error(`the bundler made no file *${ending}`);
    return `assets/${found.fileName}`;
  };
  const icon = readFileSync(join(root, "web/src/icon.svg"), "utf8");
  const iconName = nameByContent("icon.svg", icon);
  cpSync(join(root, "web/src/icon.svg"), join(to, iconName));
  return { style: nameOf(".css"), script: nameOf(".js"), icon: `assets/${iconName}` };
}

/** `search.json` with eight digits that tell its content: `search-1f2e3d4c.json`. */
export function nameByContent(name: string, content: string): string {
  const digits = createHash("sha256").update(content).digest("hex").slice(0, 8);
  return name.replace(".", `-${digits}.`);
}
