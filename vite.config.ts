import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/**
 * The console: static files, addressed relative to the page, since nobody knows under which path a proxy shows them.
 * `npx vite` serves it for work on it, with the data of a server on port 8080.
 */
export default defineConfig({
  root: fileURLToPath(new URL("web/", import.meta.url)),
  base: "./",
  build: {
    outDir: fileURLToPath(new URL("dist/web/", import.meta.url)),
    emptyOutDir: true,
    target: "es2023",
    // Nothing may lie in a data: address: the Content-Security-Policy allows no font from one.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "^/(session|api)": { target: "http://127.0.0.1:8080/console/" } },
  },
});
