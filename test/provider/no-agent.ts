import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A bundle without any agent, and a key that opens nothing: for tests that fail before either is needed, so that they
 * need no build.
 */
export function bundleWithoutAgents(): { folder: string; key: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "slipway-no-agent-"));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ protocol: 1, version: "0.0.0", architectures: {} }));
  const key = join(folder, "key");
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  return {
    folder,
    key,
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
