import type { CheckFailure } from "@pulumi/pulumi/dynamic";
import { isSlipwayError, type SlipwayError } from "./host/errors";
import { printable } from "./host/stderr";
import { idOf } from "./identity";
import { compact, type Bag } from "./resources/bag";
import type { Failure } from "./resources/definition";

/**
 * A failed check as Pulumi reports it. The property stays empty: for one that is named the engine prints the value in
 * its own way, which shows secrets in plain and nothing of a place further down. So path, rule and value are the reason.
 */
export function checkFailure({ path, reason }: Failure): CheckFailure {
  const written = path.map((step, index) =>
    typeof step === "number"
      ? `[${String(step)}]`
      : index === 0
        ? step
        : /^[\w-]+$/.test(step)
          ? `.${step}`
          : `[${JSON.stringify(step)}]`,
  );
  return { property: "", reason: `${written.join("")} ${reason}` };
}

/** An error as Pulumi shows it: one text, and no stack, which the engine would print beside it. */
export function failed(error: unknown, hint?: string): Error {
  if (!isSlipwayError(error)) return error instanceof Error ? error : new Error(String(error));
  const shown = new Error([textOf(error), hint].filter((line) => line !== undefined).join("\n"), { cause: error });
  shown.stack = "";
  return shown;
}

/**
 * A failure that left something on the host: Pulumi records it together with the error, and updates it at the next `up`
 * even without a change. The properties become its outputs, so everything that read and delete need must be among them.
 */
export function leftBehind(error: SlipwayError, outputs: Bag): Error | undefined {
  const left = error.problem?.left;
  if (left === undefined) return undefined;
  const text = textOf(error);
  return Object.assign(failed(error), { id: idOf(left), properties: compact(outputs), reasons: [text] });
}

/**
 * All that a person is told: the sentence with its code, by which docs/errors.md lists it, the way out, and what the
 * container last wrote.
 */
export function textOf(error: SlipwayError): string {
  const wayOut = error.wayOut === undefined ? [] : [error.wayOut];
  const log = error.problem?.log ?? [];
  const heading = log.length === 0 ? [] : ["The last lines of its log:"];
  return [
    `${error.sentence} [${error.code}]`,
    ...wayOut,
    ...heading,
    ...log.map((line) => `  ${printable(line)}`),
  ].join("\n");
}
