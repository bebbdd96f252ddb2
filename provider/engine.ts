import { fstatSync } from "node:fs";
import { closeAll } from "./host/pool";

/**
 * Ends this process when the Pulumi CLI that started it is gone. A CLI that is killed, or whose terminal is closed,
 * leaves its plugins running for ever, and with them their connections and the agents on the hosts. The CLI holds the
 * other end of our standard input, so its end is the CLI's. Does nothing anywhere but in a process that Pulumi started
 * for dynamic providers.
 */
export function endWithEngine(): void {
  const provider = /[\\/]cmd[\\/]dynamic-provider[\\/]/.test(require.main?.filename ?? "");
  if (!provider || watching || !isPipe()) return;
  watching = true;
  const end = (): void => {
    closeAll();
    process.exit();
  };
  process.stdin.once("end", end).once("error", end).resume();
  // Listening alone does not keep the process alive.
  process.stdin.unref();
}

let watching = false;

/** A terminal, a file or /dev/null says nothing of the CLI. */
function isPipe(): boolean {
  try {
    const input = fstatSync(0);
    return input.isFIFO() || input.isSocket();
  } catch {
    return false;
  }
}
