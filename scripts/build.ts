/** `npm run build`: the package in dist/: the compiled TypeScript, and both agents for every architecture. */
import { access, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type BundledFile, buildAgents, describe, type Manifest } from "./build/agents";
import { compile, compiled } from "./build/compile";
import { digestOf, unlessDone } from "./build/stamp";
import { agentModule, findGo } from "./go";
import { withLock } from "./lock";

const repository = join(__dirname, "..");
const agents = join(repository, "dist/agent");

/** Builds what is not up to date, and says so. Run by two at once, the second waits and finds everything done. */
export async function build(): Promise<void> {
  await withLock(join(repository, ".tools/build/lock"), async () => {
    await Promise.all([packagePart(), agentPart()]);
  });
}

async function packagePart(): Promise<void> {
  const folders = [...compiled, "tsconfig.json", "tsconfig.build.json", "package-lock.json"];
  const input = await digestOf(paths(folders), [process.version], /\.ts$/);
  const there = async (): Promise<boolean> =>
    exist(["dist/sdk/index.js", "dist/provider/index.js", "dist/cli/main.js"]);
  await step("TypeScript", () => unlessDone("typescript", input, there, compile));
}

async function agentPart(): Promise<void> {
  const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as { version: string };
  const go = await findGo();
  const input = await digestOf(
    paths(["agent", "scripts/build/agents.ts"]),
    [version, go.version],
    /\.go$|^go\.(mod|sum)$/,
  );
  await step("agents and monitors (Go)", () =>
    unlessDone("agents", input, bundleIsWhole, async () => {
      const fresh = join(repository, ".tools/build/agent");
      await buildAgents(go, agentModule, fresh, version);
      await rm(agents, { recursive: true, force: true });
      await rename(fresh, agents);
    }),
  );
}

async function bundleIsWhole(): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(join(agents, "manifest.json"), "utf8")) as Manifest;
    const files = Object.values(manifest.architectures).flatMap((roles): BundledFile[] => Object.values(roles));
    const now = await Promise.all(files.map(({ file }) => describe(agents, file)));
    return now.every(({ sha256 }, i) => sha256 === files[i]?.sha256);
  } catch {
    return false;
  }
}

/** Tells that a step has begun once it takes more than a moment, and how long it took. */
async function step(name: string, work: () => Promise<boolean>): Promise<void> {
  const began = Date.now();
  const slow = setTimeout(() => process.stdout.write(`building ${name} …\n`), 500);
  try {
    if (await work()) process.stdout.write(`built ${name} in ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
  } finally {
    clearTimeout(slow);
  }
}

function paths(names: readonly string[]): string[] {
  return names.map((name) => join(repository, name));
}

async function exist(names: readonly string[]): Promise<boolean> {
  return Promise.all(paths(names).map((path) => access(path))).then(
    () => true,
    () => false,
  );
}

if (require.main === module) {
  build().catch((error: unknown) => {
    process.stderr.write(`build: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
