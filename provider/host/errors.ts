/** What went wrong on the way to a host. Stable: programs branch on it, docs/errors.md lists each. */
export type HostErrorCode =
  | "name_not_found"
  | "connection_refused"
  | "network_unreachable"
  | "connect_timeout"
  | "connection_lost"
  | "step_timeout"
  | "sshd_busy"
  | "sshd_sessions"
  | "handshake_failed"
  | "host_key_unknown"
  | "host_key_changed"
  | "host_key_revoked"
  | "key_refused"
  | "key_unreadable"
  | "passphrase_missing"
  | "passphrase_wrong"
  | "needs_openssh"
  | "ssh_missing"
  | "ssh_config_invalid"
  | "sudo_refused"
  | "not_linux"
  | "architecture_unsupported"
  | "noexec"
  | "no_space"
  | "folder_unsafe"
  | "tool_missing"
  | "delivery_failed"
  | "bundle_missing"
  | "shell_noise"
  | "agent_failed"
  | "protocol_mismatch"
  | "answer_invalid"
  | "other_machine"
  | "aborted";

/** The agent's own words for a failure (agent/api/problem.go, Problem). */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly step?: string | undefined;
  readonly object?: string | undefined;
  readonly errno?: number | undefined;
  readonly errnoName?: string | undefined;
  readonly left?: { readonly slot: string; readonly incarnation: string } | undefined;
  readonly log?: readonly string[] | undefined;
  readonly exitCode?: number | undefined;
}

const brand = Symbol.for("pulumi-slipway.error");

/** The codes where nobody could look at the host, so that what is there is unknown rather than gone. */
const unreachable: ReadonlySet<string> = new Set<HostErrorCode>([
  "name_not_found",
  "connection_refused",
  "network_unreachable",
  "connect_timeout",
  "connection_lost",
  "step_timeout",
  "sshd_busy",
  "sshd_sessions",
  "handshake_failed",
  "host_key_unknown",
  "host_key_changed",
  "host_key_revoked",
  "key_refused",
  "sudo_refused",
  "other_machine",
]);

/** What an error may carry besides its sentence. */
export interface SlipwayErrorDetails {
  /** Sentences that tell the person what can be done. */
  readonly wayOut?: string | undefined;
  /** Whether the same step may succeed a moment later. Never set once a login was refused. */
  readonly retry?: boolean | undefined;
  /** What the agent answered. */
  readonly problem?: Problem | undefined;
  readonly cause?: unknown;
}

/**
 * Every failure that leaves this folder. Known by its brand, not by instanceof, because the module may be loaded twice.
 * `message` is the sentence and the way out; neither ever holds a secret.
 */
export class SlipwayError extends Error {
  override readonly name = "SlipwayError";
  readonly [brand] = true;
  /** A HostErrorCode, or a code of the agent's API where `problem` is set. */
  readonly code: string;
  readonly wayOut: string | undefined;
  /** The host could not be looked at: what it holds is unknown. */
  readonly unreachable: boolean;
  readonly retry: boolean;
  readonly problem: Problem | undefined;

  constructor(code: HostErrorCode | Problem["code"], sentence: string, details: SlipwayErrorDetails = {}) {
    super(details.wayOut === undefined ? sentence : `${sentence}\n${details.wayOut}`, { cause: details.cause });
    this.code = code;
    this.wayOut = details.wayOut;
    this.retry = details.retry ?? false;
    this.problem = details.problem;
    this.unreachable = details.problem === undefined && unreachable.has(code);
  }
}

/** Whether a thrown value is ours. */
export function isSlipwayError(value: unknown): value is SlipwayError {
  return typeof value === "object" && value !== null && brand in value;
}
