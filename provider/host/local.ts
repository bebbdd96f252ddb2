import { spawn } from "node:child_process";
import { Child, Children } from "./child";
import { SlipwayError } from "./errors";
import type { Transport } from "./transport";

/** This machine as a host: the same shell scripts and the same agent, without any network between. */
export function connectLocal(): Promise<Transport> {
  const children = new Children();
  return Promise.resolve({
    exec: (command) => {
      const child = spawn("/bin/sh", ["-c", command], { stdio: "pipe" });
      const missing = () =>
        new SlipwayError("not_linux", '`transport: "local"` means this machine, and it has no /bin/sh');
      return Promise.resolve(children.add(new Child(child, () => undefined, missing)));
    },
    ref: () => children.hold(true),
    unref: () => children.hold(false),
    close: () => children.close(),
  });
}
