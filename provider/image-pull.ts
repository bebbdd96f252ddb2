import type { ImageAnswer, ImageRequest, RegistryPlace } from "./api";
import { isSlipwayError, SlipwayError } from "./host/errors";
import { credentialsFor } from "./registry/credentials";

/**
 * Asks for an image; one from a registry with the credentials that this machine has for it, unless the program gave some.
 * They go along with this one request.
 */
export async function pullImage(
  request: ImageRequest,
  put: (request: ImageRequest) => Promise<ImageAnswer>,
): Promise<ImageAnswer> {
  const { pull } = request;
  if (pull === undefined) return put(request);
  const looks = await Promise.all(pull.places.map(withCredentials));
  try {
    return await put({ ...request, pull: { ...pull, places: looks.map(({ place }) => place) } });
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
