/** Every benchmark by its name on the command line. bench/README.md says what each measures and how. */
import { limits } from "./limits";
import { memory } from "./memory";
import type { Options } from "./options";
import { packageSizes } from "./package";
import { rate } from "./rate";
import type { Scope } from "./scope";
import { start } from "./start";
import { stats } from "./stats";
import type { Result } from "./statistics";
import { up } from "./up";

export const benchmarks: Readonly<Record<string, (scope: Scope, options: Options) => Promise<Result>>> = {
  start,
  rate,
  limits,
  memory,
  stats,
  up,
  package: packageSizes,
};

/** Those that can run in the virtual machine of test/vm. */
export const inGuest: ReadonlySet<string> = new Set(["start", "rate", "limits"]);
