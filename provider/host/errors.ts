import type { Problem } from "../api";

/** What can go wrong on the way to a host. Stable: programs branch on it, docs/errors.md lists each. */
export const hostErrorCodes = [
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
  "host_key_invalid",
  "key_refused",
  "key_unreadable",
  "passphrase_missing",
  "passphrase_wrong",
  "needs_openssh",
  "ssh_missing",
  "ssh_config_invalid",
  "sudo_refused",
  "not_linux",
  "architecture_unsupported",
  "noexec",
  "folder_unsafe",
  "tool_missing",
  "delivery_failed",
  "bundle_missing",
  "shell_noise",
  "agent_failed",
  "protocol_mismatch",
  "answer_invalid",
  "other_machine",
  "source_unreadable",
  "aborted",
] as const;

/** One of {@link hostErrorCodes}. */
export type HostErrorCode = (typeof hostErrorCodes)[number];

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
  /** Milliseconds for which repeating the step is worth a try, default 0. Never set once a login was refused. */
  readonly retryFor?: number | undefined;
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
  /** The message without the way out. */
  readonly sentence: string;
  readonly wayOut: string | undefined;
  /** The host could not be looked at: what it holds is unknown. */
  readonly unreachable: boolean;
  /** Milliseconds for which repeating the step is worth a try; 0 for a failure that stays. */
  readonly retryFor: number;
  readonly problem: Problem | undefined;

  constructor(code: HostErrorCode | Problem["code"], sentence: string, details: SlipwayErrorDetails = {}) {
    super(details.wayOut === undefined ? sentence : `${sentence}\n${details.wayOut}`, { cause: details.cause });
    this.code = code;
    this.sentence = sentence;
    this.wayOut = details.wayOut;
    this.retryFor = details.retryFor ?? 0;
    this.problem = details.problem;
    this.unreachable = details.problem === undefined && unreachable.has(code);
  }
}

/** Whether a thrown value is ours. */
export function isSlipwayError(value: unknown): value is SlipwayError {
  return typeof value === "object" && value !== null && brand in value;
}

/** The same failure with the name of the host in front, so that one of many hosts can be told from the others. */
export function atHost(error: SlipwayError, name: string): SlipwayError {
  return new SlipwayError(error.code as HostErrorCode, `host "${name}": ${error.sentence}`, error);
}

/** What a thrown value says of itself, in one line without control characters. */
export function reason(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
}
