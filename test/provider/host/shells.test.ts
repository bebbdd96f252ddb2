/** The login shell of the user may be any, and its start-up files may print: the way to the agent is the same. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bringAgent } from "../../../provider/host/bring";
import { type Bundle, loadBundle } from "../../../provider/host/bundle";
import { connectSsh2 } from "../../../provider/host/ssh2";
import { debianPackages } from "../../../scripts/debian";
import { createHost, type TestHost } from "../../host";
import { fakeBundle, greet } from "./bundles";

let host: TestHost;
let bundle: Bundle;
let folder: string;
let shells: string;
beforeAll(async () => {
  shells = await debianPackages("shells", ["fish", "tcsh", "zsh"]);
  folder = await fakeBundle({ agent: `${greet()}; exec cat` });
  [host, bundle] = await Promise.all([createHost({ binds: [shells] }), loadBundle(folder)]);
});
afterAll(async () => Promise.all([host.close(), rm(folder, { recursive: true })]));

/** A shell out of an unpacked package, with the libraries beside it. */
const unpacked = (name: string): string =>
  `#!/bin/sh\nLD_LIBRARY_PATH=${join(shells, "usr/lib/x86_64-linux-gnu")}:${join(shells, "lib/x86_64-linux-gnu")} exec ${join(shells, name)} "$@"\n`;

test.each([
  ["dash", "/bin/dash", ".profile"],
  ["bash", "/bin/bash", ".bashrc"],
  ["busybox", '#!/bin/sh\nexec /usr/bin/busybox ash "$@"\n', ".profile"],
  ["fish", () => unpacked("usr/bin/fish"), ".config/fish/config.fish"],
  ["tcsh", () => unpacked("usr/bin/tcsh"), ".tcshrc"],
  ["zsh", () => unpacked("bin/zsh"), ".zshenv"],
])("%s", async (name, shell, startUp) => {
  const text = typeof shell === "string" ? shell : shell();
  const path = text.startsWith("#!") ? `/usr/local/bin/slipway-${name}` : text;
  if (path !== text) await host.must(`cat >${path}; chmod 755 ${path}`, { input: text });
  await host.must(`busybox sed -i '/^deploy:/s,:[^:]*$,:${path},' /etc/passwd`);
  // Noise without a line's end, another folder, and a mask that would take rights from what is delivered.
  const noise = `printf 'Welcome to slipway-agent 1'\numask 077\ncd /tmp\n`;
  await host.must(`mkdir -p ~deploy/.config/fish; cat >~deploy/${startUp}; chown -R deploy ~deploy`, { input: noise });
  await host.must("rm -rf /var/lib/slipway/*");
  const transport = await connectSsh2(host.connectionAs("deploy"));
  try {
    const proof = await transport.exec("/bin/sh -c 'readlink /proc/$PPID/exe'; true");
    const printed: string[] = [];
    for await (const chunk of proof.stdout) printed.push(String(chunk));
    expect(printed.join("")).toMatch(new RegExp(`/${name}\\d?\n$`));
    const { greeting, channel } = await bringAgent(transport, "sudo", bundle);
    expect(greeting.digest).toBe(`sha256:${bundle.files.amd64?.[0].sha256}`);
    channel.close();
    const modes = await host.must("stat -c %a /var/lib/slipway/agent/*/slipway-*");
    expect(modes).toBe("755\n755\n");
  } finally {
    transport.close();
  }
});
