/**
 * Throw-away Linux hosts with a real OpenSSH server. What they are made of: README.md. What they are for: every test and
 * script that needs a host it may break. Nothing in here knows what Slipway does on a host.
 */
export { type Connection, createHost, findHost, type HostOptions, removeHost, type TestHost } from "./host";
export { difference, type Snapshot } from "./snapshot";
export type { Result, EnterOptions } from "./enter";
