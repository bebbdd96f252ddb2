/**
 * Finds or makes a Pulumi CLI for this repository, and keeps it away from the person's own: no login, no home, no
 * plugin of theirs is touched.
 */
import { access, copyFile, mkdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { command } from "./command";
import { findGo, goEnvironment } from "./go";
import { withLock } from "./lock";
import { fail, type Say, step } from "./progress";

const repository = join(__dirname, "..");
const tools = join(repository, ".tools/pulumi");
const modules = join(__dirname, "pulumi-cli");

/** What is downloaded or built where no newer one is found. */
const version = "3.245.0";
/** The oldest that does for us: the first whose `refresh` takes inputs from a dynamic provider. */
const oldest = [3, 216] as const;

/** A Pulumi CLI. */
export interface Pulumi {
  /** The folder to put first in PATH; undefined where the one on PATH is used. */
  readonly folder?: string;
  /** For people: "v3.245.0, built from Go modules". */
  readonly description: string;
}

/** Finds a CLI: on PATH, else in .tools/pulumi, else by the official download, else built from Go modules. */
export async function findPulumi(): Promise<Pulumi> {
  const onPath = await versionOf("pulumi");
  if (onPath !== undefined && isNewEnough(onPath)) return { description: `${onPath}, from PATH` };
  return withLock(join(tools, "lock"), async () => {
    const folder = join(tools, "bin");
    if ((await versionOf(join(folder, "pulumi"))) === `v${version}`) {
      await addProvider(folder);
      return { folder, description: `v${version}, in .tools/pulumi` };
    }
    const downloaded = await download();
    if (downloaded !== undefined) return { folder: downloaded, description: `v${version}, downloaded` };
    await step(`Pulumi CLI v${version} from Go modules (three minutes, once)`, async (say) => build(folder, say));
    return { folder, description: `v${version}, built from Go modules` };
  });
}

/**
 * The address of state in a local folder. Without `metadata=skip` a second file lies beside each file of the state, which
 * is not replaced at once as the first is: a CLI killed while it writes that one leaves a state it cannot read any more
 * ("failed to load checkpoint: EOF").
 */
export function stateIn(folder: string): string {
  return `file://${folder}?metadata=skip`;
}

/** The environment in which a CLI keeps state and home in a folder, asks nothing and fetches nothing. */
export async function pulumiEnvironment(
  pulumi: Pulumi,
  folder: string,
  passphrase: string,
): Promise<NodeJS.ProcessEnv> {
  const state = join(folder, "state");
  await mkdir(state, { recursive: true });
  const path = process.env["PATH"] ?? "";
  return {
    ...process.env,
    PATH: pulumi.folder === undefined ? path : `${pulumi.folder}${delimiter}${path}`,
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: stateIn(state),
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // Of the person's own, they would win over what is above.
    PULUMI_ACCESS_TOKEN: undefined,
    PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
    PULUMI_STACK: undefined,
  };
}

/** The official download, through npm's `pulumi` package; undefined where it is out of reach. */
async function download(): Promise<string | undefined> {
  const reachable = await fetch("https://get.pulumi.com/install.sh", {
    method: "HEAD",
    signal: AbortSignal.timeout(4000),
  })
    .then(({ ok }) => ok)
    .catch(() => false);
  if (!reachable) return undefined;
  const env = { ...process.env, PULUMI_HOME: tools, PULUMI_VERSION: version, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const words = ["exec", "--yes", "--package=pulumi@3.265.0", "--", "pulumi", "version"];
  try {
    await step(`Pulumi CLI v${version}, official download`, async () =>
      command("npm", words, { cwd: repository, env, signal: AbortSignal.timeout(180_000) }),
    );
  } catch (error) {
    console.log(`  ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`);
    return undefined;
  }
  const folder = join(tools, "bin");
  await rm(folder, { recursive: true, force: true });
  await rename(join(tools, "versions", version, "bin"), folder);
  return folder;
}

async function build(folder: string, say: Say): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const ldflags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
  await goBuild("cli", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", unfinished, ldflags, say);
  // The language host's own version says which of its commits it is; the checksum database does not know it.
  const host = "github.com/pulumi/pulumi/sdk/nodejs/cmd/pulumi-language-nodejs/v3";
  await goBuild("language-nodejs", host, unfinished, "-s -w", say, { GONOSUMDB: host });
  await addProvider(unfinished);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

async function goBuild(
  module: string,
  name: string,
  folder: string,
  ldflags: string,
  say: Say,
  extra: Record<string, string> = {},
): Promise<void> {
  const cwd = join(modules, module);
  const go = await findGo(cwd);
  const env = goEnvironment({ CGO_ENABLED: "0", ...extra });
  say(`${module}: fetching modules`);
  const count = (await command(go.command, ["list", "-deps", name], { cwd, env })).trim().split("\n").length;
  let done = 0;
  const words = [
    "build",
    "-v",
    "-trimpath",
    "-ldflags",
    ldflags,
    "-o",
    `${folder}/${module === "cli" ? "pulumi" : "pulumi-language-nodejs"}`,
    name,
  ];
  await command(go.command, words, { cwd, env, onLine: () => say(`${module}: ${++done} of ${count} packages`) });
}

/** Dynamic providers are run by a script that comes with the npm package; the CLI looks for it beside itself. */
async function addProvider(folder: string): Promise<void> {
  const name = "pulumi-resource-pulumi-nodejs";
  const there = await access(join(folder, name)).then(
    () => true,
    () => false,
  );
  if (!there) await copyFile(join(repository, "node_modules/@pulumi/pulumi", name), join(folder, name));
}

async function versionOf(file: string): Promise<string | undefined> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  return command(file, ["version"], { env }).then(
    (text) => text.trim(),
    () => undefined,
  );
}

function isNewEnough(text: string): boolean {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) === oldest[0] && Number(minor) >= oldest[1];
}

if (require.main === module) {
  findPulumi()
    .then(({ description }) => console.log(`Pulumi CLI ${description}`))
    .catch(fail);
}
