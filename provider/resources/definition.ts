import type { z } from "zod";
import type { AnswerOf, RequestOf, ResourceName } from "../api";
import type { Bag } from "./bag";
import type { Changed } from "./changed";
import type { HostInput } from "./connection";
import type { Path } from "./schema";

/** One thing that is wrong with the inputs of a resource. */
export interface Failure {
  /** Where, from the resource. */
  readonly path: Path;
  /** What must hold there, and what was found instead. */
  readonly reason: string;
}

/** What every resource's inputs hold. */
export interface CommonInputs extends Bag {
  /** Who the thing on the host belongs to. */
  readonly owner: string;
  /** Where it is. */
  readonly host: HostInput;
}

/**
 * A resource as Pulumi's verbs need it. All of it is pure: the same inputs and answers give the same results, so that
 * check is idempotent, diff has no side effects, and every line of it can be tested without a host.
 *
 * @typeParam R The resource's name in the agent's API.
 * @typeParam I Its canonical inputs.
 */
export interface Definition<R extends ResourceName, I extends CommonInputs> {
  /** Where it stands in the agent's API. */
  readonly resource: R;
  /** Validates the inputs and answers their canonical form. */
  readonly schema: z.ZodType<I>;
  /** The names of the inputs: what is taken out of old outputs. */
  readonly inputs: readonly (keyof I & string)[];
  /** Rules that concern several inputs, judged on what the program wrote. */
  rules?(inputs: Bag): Failure[];
  /** Inputs that follow from others. `olds` are the inputs of the last time, empty at a creation. */
  derive?(inputs: I, olds: Bag): I;
  /**
   * The inputs that no program sets: they have one value while all is well, and another where refresh sees that it is
   * not, so that `up --refresh` has a difference to repair. Check fills them in at creation only: where old inputs lack
   * one it stays away, so that a later version with more of them changes nothing.
   */
  readonly leaves: readonly (keyof I & string)[];
  /**
   * The inputs that programs may set and whose default check writes down like that of a leaf, because somebody may change
   * them on the host also where the program says nothing of them.
   */
  readonly defaulted?: readonly (keyof I & string)[];
  /** The leaves and what is defaulted, with the value they have while all is well. */
  well(inputs: I): Partial<I>;
  /** The inputs that cannot be changed in place, with how two values of each are compared. */
  readonly replaces: Readonly<Partial<Record<keyof I & string, Changed>>>;
  /** What is asked of the agent. */
  request(inputs: I): RequestOf<R>;
  /** What the agent observed, under names that no input has, without anything that changes by itself. */
  observed(answer: AnswerOf<R>): Bag;
  /** The inputs with what is positively seen to be otherwise on the host; refresh then shows it as a change. */
  drift(inputs: I, answer: AnswerOf<R>): I;
  /** What is added to the path of a DELETE. */
  ending?(inputs: I): string;
  /** How the person who wrote the inputs would call a place in them, where that differs. */
  written?(path: Path): Path;
}
