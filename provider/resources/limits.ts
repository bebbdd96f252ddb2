import type { ContainerLimits } from "../api";

/** The limits a container was declared with. */
interface Limits {
  readonly memory?: number;
  readonly cpus?: number;
  readonly pidsLimit?: number;
}

/** How far the kernel's figure may be from the declared one: it rounds memory down to whole pages, of up to 64 KiB. */
const tolerance = { memory: 64 * 1024 - 1, cpus: 0.001, pidsLimit: 0 };

/**
 * The declared limits, with those that the kernel holds otherwise as it holds them. One that was not declared is not
 * ours to look at; one that the kernel does not hold any more is left out.
 */
export function limitsSeen<I extends Limits>(inputs: I, seen: ContainerLimits): I {
  const changed: Record<string, number | undefined> = {};
  for (const name of ["memory", "cpus", "pidsLimit"] as const) {
    const declared = inputs[name];
    const held = seen[name];
    if (declared === undefined) continue;
    if (held === undefined || Math.abs(held - declared) > tolerance[name]) changed[name] = held;
  }
  const result = Object.entries({ ...inputs, ...changed }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(result) as unknown as I;
}
