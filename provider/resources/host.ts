import type { z } from "zod";
import { byHost } from "./changed";
import { host as place } from "./connection";
import type { Definition } from "./definition";
import { oneOf, text } from "./fields";
import { members } from "./schema";

const shape = {
  owner: text("must be the owner of the resource"),
  host: place,
  onDelete: oneOf("keep", "purge").exactOptional(),
};
const schema = members("must be the inputs of a Host", shape);

/** The canonical inputs of a Host. */
export type HostInputs = z.output<typeof schema>;

/** A claim on a machine. Its outputs are what the agent observes of the machine. */
export const host: Definition<"hosts", HostInputs> = {
  resource: "hosts",
  schema,
  inputs: ["owner", "host", "onDelete"],
  leaves: [],
  well: () => ({}),
  replaces: { host: byHost },
  request: ({ owner }) => ({ owner }),
  observed: ({ owner: _, slot: _slot, incarnation: _incarnation, ...facts }) => facts,
  drift: (inputs) => inputs,
  ending: ({ onDelete }) => (onDelete === "purge" ? "?purge=true" : ""),
  // The SDK's arguments are flat.
  written: (path) => (path[0] === "host" && path[1] === "connection" ? path.slice(2) : path),
};
