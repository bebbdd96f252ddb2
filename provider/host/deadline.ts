import { SlipwayError } from "./errors";

/**
 * Waits for a step, but not longer than `milliseconds`; then it rejects with the error of `late`. The step itself goes
 * on: the caller closes what it holds.
 */
export async function within<T>(milliseconds: number, step: Promise<T>, late: () => SlipwayError): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), milliseconds);
  });
  // The loser of the race must not become an unhandled rejection.
  step.catch(() => undefined);
  try {
    return await Promise.race([step, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** The error for a step that the host did not finish in time. */
export function stepTimeout(step: string, milliseconds: number): SlipwayError {
  return new SlipwayError("step_timeout", `${step}: no answer within ${milliseconds / 1000} s`, {
    wayOut: "The host accepts connections but hangs; look at its load, its disks and the shell's start-up files.",
  });
}
