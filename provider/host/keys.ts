import { readFile } from "node:fs/promises";
import type { HostConnection } from "./connection";
import { expandPath } from "./expand";
import { reason, SlipwayError } from "./errors";
import { type IdentityFile, KeyOffer, type Offer } from "./key-offer";
import { publicBlob } from "./private-key";
import type { AgentKey } from "./ssh-agent";
import type { SshConfig } from "./ssh-config";

/**
 * Collects the keys a host may be offered. `privateKey` or `identityFile` of the program is the only one where set.
 * Else the order is OpenSSH's: keys of the ssh-agent that an IdentityFile names, its other keys (unless
 * IdentitiesOnly), then the files themselves.
 */
export async function offeredKeys(connection: HostConnection, config: SshConfig): Promise<Offer> {
  const { passphrase } = connection;
  const offer = new KeyOffer(config.user);
  if (connection.privateKey !== undefined) {
    offer.secret(connection.privateKey, passphrase);
    return offer.done();
  }
  const socket = connection.useAgent === false ? undefined : config.identityAgent;
  const agentKeys = socket === undefined ? [] : await offer.agentKeys(socket);
  const only = connection.identityFile;
  const files = await readFiles(only === undefined ? config.identityFiles : [expandPath(only)], only !== undefined);
  const held = (file: IdentityFile): AgentKey | undefined =>
    agentKeys.find((key) => file.blob !== undefined && key.blob.equals(file.blob));
  for (const file of files) {
    const key = held(file);
    if (key && socket !== undefined) offer.fromAgent(socket, key);
  }
  if (socket !== undefined && only === undefined && !config.identitiesOnly) {
    for (const key of agentKeys) if (!files.some((file) => held(file) === key)) offer.fromAgent(socket, key);
  }
  const wanted = only !== undefined;
  for (const file of files) if (!held(file)) offer.fromFile(file, wanted ? passphrase : undefined, wanted);
  for (const file of config.certificateFiles)
    offer.note(`The certificate ${file} was not shown: that needs \`transport: "openssh"\`.`);
  if (config.pkcs11Provider !== undefined)
    offer.note(`The keys of ${config.pkcs11Provider} were not offered: that needs \`transport: "openssh"\`.`);
  return offer.done();
}

async function readFiles(paths: readonly string[], wanted: boolean): Promise<IdentityFile[]> {
  const files = await Promise.all(
    paths.map(async (path): Promise<IdentityFile[]> => {
      let text: string;
      try {
        text = await readFile(path, "utf8");
      } catch (error) {
        // Most of ssh_config's default files never exist; the one the program names has to.
        if (!wanted) return [];
        throw new SlipwayError("key_unreadable", `identityFile ${path} cannot be read: ${reason(error)}`);
      }
      const beside = await readFile(`${path}.pub`, "utf8").catch(() => undefined);
      return [{ path, text, blob: publicBlob(text) ?? publicLine(text) ?? publicLine(beside) }];
    }),
  );
  return files.flat();
}

function publicLine(text: string | undefined): Buffer | undefined {
  const [, key] = /^(?:ssh-|ecdsa-|sk-)\S+ (\S+)/.exec(text ?? "") ?? [];
  return key === undefined ? undefined : Buffer.from(key, "base64");
}
