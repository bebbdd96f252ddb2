import { createHash } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A shell script as the agent: what it does after it is started with `serve`. */
export interface FakeAgent {
  readonly agent: string;
  readonly monitor?: string | Buffer;
}

/** A script's line that greets as the real agent does, for this protocol number. */
export const greet = (protocol = 1): string =>
  `printf '\\005\\026\\007slipway-agent ${protocol} sha256:%s\\n' "$(sha256sum <"$0" | cut -c1-64)"`;

/** Writes a bundle of scripts into a fresh folder and answers it, as SLIPWAY_AGENT_DIR wants it. */
export async function fakeBundle({ agent, monitor = "#!/bin/sh\n" }: FakeAgent): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-bundle-"));
  const add = async (file: string, bytes: Buffer) => {
    await writeFile(join(folder, file), bytes);
    return { file, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  };
  const pair = {
    agent: await add("agent", Buffer.from(`#!/bin/sh\n${agent}\n`)),
    monitor: await add("monitor", Buffer.from(monitor)),
  };
  const manifest = { protocol: 1, version: "0.0.0", architectures: { amd64: pair, arm64: pair } };
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  return folder;
}
