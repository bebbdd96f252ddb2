/** `npm run check`: what proves a change in a minute, without root: format, lint, types, vet, tidiness and unit tests. */
import { build } from "./build";
import { checks } from "./checks";
import { fail, step } from "./progress";
import { vitest } from "./suite-kinds";
import { runSuites } from "./suites";

async function main(): Promise<void> {
  await step("The package, and the agents for amd64 and arm64", build);
  if (!(await runSuites([...checks(), vitest("unit")]))) process.exitCode = 1;
}

main().catch(fail);
