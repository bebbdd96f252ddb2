/** `npm run build`: the package in dist/: the compiled TypeScript, and both agents for every architecture. */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type BundledFile, buildAgents, describe, type Manifest } from "./build/agents";
import { compile, compiled } from "./build/compile";
import { digestOf, unlessDone } from "./build/stamp";
import { swap } from "./build/swap";
import { agentModule, findGo } from "./go";
import { withLock } from "./lock";
import { fail, type Say, step } from "./progress";

const repository = join(__dirname, "..");
const agents = join(repository, "dist/agent");

/** Builds what is not up to date. Run by two at once, the second waits and finds everything done. */
export async function build(say: Say = () => undefined): Promise<void> {
  await withLock(join(repository, ".tools/build/lock"), async () => {
    await Promise.all([packagePart(say), agentPart(say)]);
  });
}

async function packagePart(say: Say): Promise<void> {
  const folders = [...compiled, "tsconfig.json", "tsconfig.build.json", "package-lock.json"];
  const input = await digestOf(paths(folders), [process.version], /\.ts$/);
  const there = async (): Promise<boolean> =>
    exist(["dist/sdk/index.js", "dist/provider/index.js", "dist/cli/main.js"]);
  await unlessDone("typescript", input, there, async () => {
    say("TypeScript");
    await compile();
  });
}

async function agentPart(say: Say): Promise<void> {
  const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as { version: string };
  const go = await findGo();
  const input = await digestOf(
    paths(["agent", "scripts/build/agents.ts"]),
    [version, go.version],
    /\.go$|^go\.(mod|sum)$/,
  );
  await unlessDone("agents", input, bundleIsWhole, async () => {
    say("agents and monitors for amd64 and arm64, by Go");
    const fresh = join(repository, ".tools/build/agent");
    await buildAgents(go, agentModule, fresh, version);
    await swap(fresh, agents);
  });
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

function paths(names: readonly string[]): string[] {
  return names.map((name) => join(repository, name));
}

async function exist(names: readonly string[]): Promise<boolean> {
  return Promise.all(paths(names).map((path) => access(path))).then(
    () => true,
    () => false,
  );
}

if (require.main === module) step("Build", build).catch(fail);
