/**
 * `npm run soak`: the kills of test/e2e/kill.test.ts, a hundred of them (or as many as the first word says) instead of
 * the twenty of `npm test`.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const repository = join(__dirname, "..");
const { status } = spawnSync(join(repository, "node_modules/.bin/vitest"), ["run", "test/e2e/kill.test.ts"], {
  cwd: repository,
  stdio: "inherit",
  env: { ...process.env, SLIPWAY_KILLS: process.argv[2] ?? "100" },
});
process.exitCode = status ?? 1;
