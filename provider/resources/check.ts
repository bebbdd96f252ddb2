import type { ResourceName } from "../api";
import { compact, pick, type Bag } from "./bag";
import type { CommonInputs, Definition, Failure } from "./definition";

/** What check answers: canonical inputs, or everything that is wrong with them. */
export type Checked<I> = { readonly inputs: I } | { readonly failures: readonly Failure[] };

/**
 * Judges what a program wrote and makes it canonical. `olds` are the inputs of the last time, empty at a creation;
 * with replacements Pulumi asks once more as if it were one.
 */
export function check<R extends ResourceName, I extends CommonInputs>(
  definition: Definition<R, I>,
  olds: Bag,
  news: Bag,
): Checked<I> {
  // Pulumi adds __provider itself, before and after.
  const { __provider: _, ...written } = compact(news);
  const parsed = definition.schema.safeParse(written);
  const failures: Failure[] = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => ({ path: path as (string | number)[], reason: message }));
  failures.push(...(definition.rules?.(written) ?? []));
  if (!parsed.success || failures.length > 0) {
    return {
      failures: failures.map(({ path, reason }) => ({ path: [...(definition.written?.(path) ?? path)], reason })),
    };
  }
  const inputs = definition.derive?.(parsed.data, olds) ?? parsed.data;
  return { inputs: withLeaves(definition, olds, inputs) };
}

/** The inputs with the leaves and the defaults that belong there. */
function withLeaves<R extends ResourceName, I extends CommonInputs>(
  definition: Definition<R, I>,
  olds: Bag,
  inputs: I,
): I {
  const { inputs: names, leaves, defaulted = [] } = definition;
  const creating = Object.keys(olds).length === 0;
  const filling = [...leaves, ...defaulted].filter((name) => creating || name in olds);
  const filled = pick({ ...definition.well(inputs) }, filling);
  const written = pick(
    inputs,
    names.filter((name) => !leaves.includes(name)),
  );
  return { ...written, ...filled } as unknown as I;
}

/** The inputs echoed in old outputs. */
export function echoed<R extends ResourceName, I extends CommonInputs>(definition: Definition<R, I>, outputs: Bag): I {
  return pick(outputs, definition.inputs) as unknown as I;
}

/** The names of the inputs that changed so that the resource has to be replaced. */
export function replacing<R extends ResourceName, I extends CommonInputs>(
  definition: Definition<R, I>,
  olds: Bag,
  news: Bag,
): string[] {
  return definition.inputs.filter((name) => definition.replaces[name]?.(olds[name], news[name]) === true);
}
