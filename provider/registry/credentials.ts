import { reason } from "../host/errors";
import { askHelper, type Credentials } from "./credential-helper";
import { hubKey, readDockerConfig } from "./docker-config";

/** What was found for a registry. */
export interface Found {
  /** Undefined where it will be asked without any. */
  readonly credentials: Credentials | undefined;
  /** Where they were looked for, as half a sentence. */
  readonly looked: string;
}

/** Milliseconds for which what was found is used again: images of one program come at once, and helpers are slow. */
const fresh = 60_000;

const known = new Map<string, { at: number; found: Promise<Found> }>();

/**
 * Finds the credentials that `docker login` on this machine left for a registry. Where they cannot be read, the registry
 * is asked without, because most images are public and many machines have a config that names a helper they lack; `looked`
 * then says what went wrong. Never throws.
 */
export async function credentialsFor(address: string, environment: NodeJS.ProcessEnv = process.env): Promise<Found> {
  const key = JSON.stringify([address, environment["DOCKER_CONFIG"], environment["HOME"]]);
  const before = known.get(key);
  if (before !== undefined && Date.now() - before.at < fresh) return before.found;
  const found = look(address, environment);
  known.set(key, { at: Date.now(), found });
  return found;
}

async function look(address: string, environment: NodeJS.ProcessEnv): Promise<Found> {
  const server = /^(registry-1\.|index\.)?docker\.io$/.test(address) ? hubKey : address;
  let where = "Docker's config";
  try {
    const config = await readDockerConfig(environment);
    where = config.file;
    const helper = config.helperOf(server);
    if (helper !== undefined) {
      const credentials = await askHelper(helper, server, environment);
      if (credentials !== undefined)
        return { credentials, looked: `those that docker-credential-${helper} has for ${server}` };
    }
    const credentials = config.entryOf(server);
    if (credentials !== undefined) return { credentials, looked: `those for ${server} in ${where}` };
    const asked = helper === undefined ? "" : ` and docker-credential-${helper}`;
    return { credentials: undefined, looked: `none, for ${where}${asked} of this machine have none for ${server}` };
  } catch (error) {
    return { credentials: undefined, looked: `none, for ${where} of this machine could not be used: ${reason(error)}` };
  }
}
