import { childTransport } from "./child";
import { SlipwayError } from "./errors";
import type { Transport } from "./transport";

/** This machine as a host: the same scripts and the same agent, without any network between. */
export function connectLocal(): Promise<Transport> {
  return Promise.resolve(
    childTransport({
      argv: (command) => ["/bin/sh", "-c", command],
      judge: (exit) => exit,
      missing: () => new SlipwayError("not_linux", '`transport: "local"` means this machine, and it has no /bin/sh'),
      clean: (stderr) => stderr,
      // As over SSH, the command finds its input at an end and finishes what it is about.
      kill: false,
      connecting: 0,
    }),
  );
}
