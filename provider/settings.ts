/** What is done where a host cannot be looked at. */
export type Unreachable = "error" | "keep" | "forget";

/** What the stack's configuration says to the provider. */
export interface Settings {
  /**
   * "error" fails; "keep" leaves the state of what is on the host as it was at a refresh, so that one dead host does
   * not hold up the others; "forget" does that too, lets deletes succeed without the host, and takes a machine that was
   * installed anew for the host, with nothing on it.
   */
  readonly unreachable: Unreachable;
}

/** A configuration value by its full key, as Pulumi hands it to a provider. */
export type Lookup = (key: string) => string | undefined;

/**
 * Reads the settings. The environment comes first, because in refresh and destroy Pulumi hands over the configuration
 * of the last `up`, and a host that is gone for good is met exactly there.
 *
 * @throws Error where a value is none of those there are.
 */
export function settingsOf(lookup: Lookup, environment: NodeJS.ProcessEnv = process.env): Settings {
  const [source, value] =
    environment["SLIPWAY_UNREACHABLE"] === undefined
      ? ["slipway:unreachable", lookup("slipway:unreachable")]
      : ["SLIPWAY_UNREACHABLE", environment["SLIPWAY_UNREACHABLE"]];
  if (value === undefined || value === "") return { unreachable: "error" };
  if (value === "error" || value === "keep" || value === "forget") return { unreachable: value };
  throw new Error(`${source} must be "error", "keep" or "forget"; got ${JSON.stringify(value)}`);
}
