import type { ImageAnswer, ImageRequest, RegistryPlace } from "./api";
import { isSlipwayError, SlipwayError } from "./host/errors";
import type { RequestOptions } from "./host/session";
import { credentialsFor } from "./registry/credentials";
import type { ImageInputs } from "./resources/image";

/**
 * Asks for an image; one from a registry with the credentials that this machine has for it, unless the program gave some.
 * They go along with this one request.
 */
export async function pullImage(
  request: ImageRequest,
  put: (request: ImageRequest, options?: RequestOptions) => Promise<ImageAnswer>,
  inputs: ImageInputs,
): Promise<ImageAnswer> {
  const { pull } = request;
  if (pull === undefined) return put(request);
  const looks = await Promise.all(pull.places.map(withCredentials));
  try {
    const places = looks.map(({ place }) => place);
    const progress = telling(`host "${inputs.host.name}": ${pull.reference}`);
    return await put({ ...request, pull: { ...pull, places } }, { progress });
  } catch (error) {
    throw explained(error, looks);
  }
}

interface Look {
  readonly place: RegistryPlace;
  readonly used: string;
}

async function withCredentials(place: RegistryPlace): Promise<Look> {
  if (place.credentials !== undefined) return { place, used: `for ${place.address}: the \`credentials\` of the Image` };
  const { credentials, looked } = await credentialsFor(place.address);
  return {
    place: credentials === undefined ? place : { ...place, credentials },
    used: `for ${place.address}: ${looked}`,
  };
}

/** Milliseconds between two lines about one image: a short pull says nothing. */
const quiet = 10_000;

/** Tells how far a pull has got. Pulumi shows what a provider prints. */
function telling(what: string): NonNullable<RequestOptions["progress"]> {
  let last = Date.now();
  return (done, total) => {
    if (Date.now() - last < quiet) return;
    last = Date.now();
    console.info(`${what}: ${megabytes(done)} of ${megabytes(total)} MB pulled`);
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** Codes that other credentials may turn into a yes. */
const refused = new Set(["registry_refused", "registry_limited", "image_not_found"]);

function explained(error: unknown, looks: readonly Look[]): unknown {
  if (!isSlipwayError(error) || error.problem === undefined || !refused.has(error.code)) return error;
  const used = looks.map((look) => look.used).join("; ");
  return new SlipwayError(error.problem.code, error.sentence, {
    problem: error.problem,
    cause: error,
    wayOut: `Credentials used ${used}. Log in here with \`docker login\`, or give the Image \`credentials\`.`,
  });
}
