import { partsOf } from "../sdk/owner-parts";

/** An owner taken apart for people. */
export interface Owner {
  /** Organisation, namespace if there is one, project and stack: what a group of resources has in common. */
  readonly stack: string;
  /** The resource's name in the program. */
  readonly name: string;
}

/** Takes an owner apart. One that is of another form stands for itself. */
export function readOwner(owner: string): Owner {
  const parts = partsOf(owner);
  if (parts === undefined) return { stack: owner, name: owner };
  const { organization, namespace, project, stack, name } = parts;
  return { stack: [organization, namespace, project, stack].filter((part) => part !== undefined).join("/"), name };
}
