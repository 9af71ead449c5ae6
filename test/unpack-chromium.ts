import chromium from "@sparticuz/chromium";

/** Unpacks the Chromium of the npm package, its fonts and its libraries into the temporary directory of this process. */
await chromium.executablePath();
