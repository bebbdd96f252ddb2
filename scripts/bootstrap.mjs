/**
 * What every npm command goes through: `node scripts/bootstrap.mjs NAME WORDS...` installs the packages where they are
 * missing or older than package-lock.json, and then runs scripts/NAME.ts. Plain JavaScript and Node's own modules
 * only, because nothing else is there yet.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));
const [name, ...words] = process.argv.slice(2);

const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`Slipway needs Node 20 or newer; this is ${process.versions.node}. See https://nodejs.org/en/download`);
  process.exit(1);
}

if (!installed()) {
  console.log("Installing the npm packages (half a minute) ...");
  // No package's own scripts: all that they do here is compile what is not needed, with headers from another site.
  const words = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
  const { status } = spawnSync("npm", words, { cwd: repository, stdio: "inherit" });
  if (status !== 0) {
    console.error("npm ci failed; its words are above. Is the npm registry within reach?");
    process.exit(1);
  }
}

const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
// tsx as a hook, because its own command kills a script that does not answer a ^C at once.
const child = spawn(process.execPath, ["--require", "tsx/cjs", script, ...words], {
  cwd: repository,
  stdio: "inherit",
  // A root that `su` made has no sbin on its PATH, where pivot_root and mke2fs are.
  env: { ...process.env, PATH: [process.env.PATH, "/usr/sbin", "/sbin"].join(delimiter) },
});
// A terminal sends ^C to every process; this one ends after the script. Any other signal comes to this one only.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill());
child.on("close", (status, signal) => process.exit(status ?? 128 + constants.signals[signal]));

/** Whether npm has installed since package-lock.json was last changed. */
function installed() {
  const mark = `${repository}/node_modules/.package-lock.json`;
  if (!existsSync(mark)) return false;
  const lock = `${repository}/package-lock.json`;
  if (statSync(mark).mtimeMs >= statSync(lock).mtimeMs) return true;
  // A fresh checkout touches the lock file; what counts is what is in it.
  return sameVersions(read(lock), read(mark));
}

function read(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

function sameVersions(wanted, found) {
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || found[path]?.version === version || (optional && !found[path]),
  );
}
