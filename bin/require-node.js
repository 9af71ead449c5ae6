// Says what to do where Node is too old to run the sources, in one line instead of a stack of syntax errors. This file
// is plain JavaScript that old versions of Node understand.
const needed = 26;
const major = Number(process.versions.node.split(".")[0]);
if (major < needed) {
  console.error(
    `taskcenter: needs Node ${needed} or newer, this is ${process.versions.node}. ` +
      "It comes with the npm package `node`: run `npm ci` (without --ignore-scripts) and start through `npm run`.",
  );
  process.exit(1);
}
