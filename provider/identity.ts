import { randomBytes } from "node:crypto";
import { incarnation } from "./api";

/** A name for one thing that is about to fill a slot. Never derived from inputs: a replacement must not share it. */
export function mintIncarnation(): string {
  return randomBytes(16).toString("hex");
}

/** What Pulumi knows a resource by. */
export function idOf(place: { readonly slot: string; readonly incarnation: string }): string {
  return `${place.slot}/${place.incarnation}`;
}

/**
 * The part of an id that the agent is asked for. The slot before it is for people.
 *
 * @throws Error where the id is not one of ours, as after a wrong `get`.
 */
export function incarnationOf(id: string): string {
  const found = id.slice(id.lastIndexOf("/") + 1);
  if (incarnation.safeParse(found).success) return found;
  const error = new Error(`${JSON.stringify(id)} is not the id of a Slipway resource, which is "<slot>/<incarnation>"`);
  // Pulumi would print our code beside the sentence.
  error.stack = "";
  throw error;
}
