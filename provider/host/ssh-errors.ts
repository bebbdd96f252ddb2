import { SlipwayError } from "./errors";
import {
  connectionLost,
  connectionRefused,
  connectTimeout,
  handshakeFailed,
  keyRefused,
  nameNotFound,
  networkUnreachable,
  sessionsRefused,
  sshdBusy,
} from "./failures";
import { compare, posing } from "./host-key";
import { lastLines } from "./stderr";

/** What is known of a failed ssh besides what it wrote. */
export interface SshRun {
  readonly place: string;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Whether the program says which key the host has. */
  readonly pinned: boolean;
}

type Rule = readonly [pattern: RegExp, error: (run: SshRun, said: string, debug: string) => SlipwayError];

/**
 * OpenSSH's sentences (it translates none of them), in the order in which they decide: what a jump host's ssh said
 * comes before the complaint of the one that lost its jump host.
 */
const rules: readonly Rule[] = [
  [/Could not resolve hostname (\S+): Temporary failure/, (run, said) => nameNotFound(nameIn(said, run), true)],
  [/Could not resolve hostname/, (run, said) => nameNotFound(nameIn(said, run), false)],
  [/connect to host .*: Connection refused/, (run) => connectionRefused(run.place)],
  [/connect to host .*: (Connection|Operation) timed out/, (run) => timedOut(run, "connecting")],
  [/Connection timed out during banner exchange/, (run) => timedOut(run, "the SSH handshake")],
  // A jump host could not reach the one behind it.
  [/connect failed: Connection refused[^]*stdio forwarding failed/, (run) => connectionRefused(run.place)],
  [/open failed: [^]*stdio forwarding failed/, (run, said) => networkUnreachable(run.place, jumpHostSaid(said))],
  [/connect to host .*: /, (run, said) => networkUnreachable(run.place, lastLines(said, 1))],
  [
    /REVOKED HOST KEY DETECTED|is marked as revoked/,
    (run, said, debug) => hostKey("host_key_revoked", run, said, debug),
  ],
  [/HOST IDENTIFICATION HAS CHANGED/, (run, said, debug) => hostKey("host_key_changed", run, said, debug)],
  [
    /Host key verification failed|No .* host key is known/,
    (run, said, debug) => hostKey("host_key_unknown", run, said, debug),
  ],
  [
    /(Load key|Enter passphrase).*incorrect passphrase/,
    (_, said) => new SlipwayError("passphrase_wrong", lastLines(said, 2)),
  ],
  [/Permission denied|Too many authentication failures/, (run, said, debug) => refused(run, said, debug)],
  [/kex_exchange_identification|ssh_exchange_identification/, (run, said, debug) => hungUp(run, said, debug)],
  [
    /Unable to negotiate|no matching|Protocol major versions differ|Bad packet length/,
    (run, said) => handshakeFailed(run.place, inOneLine(said)),
  ],
  [/session request failed|open failed/, (run) => sessionsRefused(run.place)],
  [/Bad configuration option|Can't open user config|terminating, .* bad/, (_, said) => configInvalid(said)],
];

/** What ssh tells of itself at level DEBUG1. A line of it may stand in the middle of one of the command's. */
const debugLine = /debug\d: [^\n]*\n?/g;
const otherChatter =
  /^(OpenSSH_|\*\* |Warning: Permanently added|Authenticated |Transferred: |Bytes per second: |\s*$)/;

/** The standard error of ssh without what it tells of itself, rather than of a failure or for the command. */
export function withoutChatter(stderr: string): string {
  const lines = stderr.replace(debugLine, "").split("\n");
  return lines.filter((line) => !otherChatter.test(line)).join("\n");
}

/** Says why the system's ssh ended with 255, from what it wrote at level DEBUG1. */
export function explainSsh(run: SshRun, stderr: string): SlipwayError {
  const debug = (stderr.match(debugLine) ?? []).join("");
  const said = withoutChatter(stderr);
  // From here on the command may have written anything, also what reads like a sentence of ssh.
  if (/^debug1: Sending command: /m.test(debug)) return connectionLost(run.place, lastLines(said, 3));
  for (const [pattern, error] of rules) if (pattern.test(said)) return error(run, said, debug);
  const loggedIn = /^debug1: (Authentication succeeded|Entering interactive session)/m.test(debug);
  const shookHands = /^debug1: SSH2_MSG_NEWKEYS received/m.test(debug);
  if (!loggedIn && shookHands) return connectionLost(run.place, `hung up during the login: ${inOneLine(said)}`);
  // Closed after the banner but before the login: sshd's limits again, or a ban.
  if (!loggedIn && /Connection (closed|reset)/.test(said)) return hungUp(run, said, debug);
  return connectionLost(run.place, lastLines(said, 3));
}

function nameIn(said: string, run: SshRun): string {
  return /Could not resolve hostname ([^:\s]+)/.exec(said)?.[1] ?? run.place;
}

/** What a jump host's sshd gives as the reason for not passing us on. */
function jumpHostSaid(said: string): string {
  return `the jump host says "${/open failed: (.*)/.exec(said)?.[1] ?? ""}"`;
}

function timedOut(run: SshRun, step: string): SlipwayError {
  return connectTimeout(run.place, step, run.connectTimeout);
}

/** The server hung up before the login, or a jump host or a ProxyCommand did, which then says why. */
function hungUp(run: SshRun, said: string, debug: string): SlipwayError {
  const banner = /banner line \d+: (.*)/.exec(debug)?.[1]?.trim();
  const own = /exchange_identification|^Connection (closed|reset)/;
  const others = inOneLine(said, (line) => !own.test(line));
  if (/^banner exchange: /.test(others)) return handshakeFailed(run.place, others);
  return banner === undefined && others !== ""
    ? networkUnreachable(run.place, others)
    : sshdBusy(run.place, banner ?? "");
}

function inOneLine(said: string, wanted: (line: string) => boolean = () => true): string {
  return lastLines(said.split("\n").filter(wanted).join("\n"), 2).replaceAll("\n", "; ");
}

function refused(run: SshRun, said: string, debug: string): SlipwayError {
  const keys = (pattern: RegExp): string[] =>
    [...debug.matchAll(pattern)].map(([, key = ""]) => key.replace(/ explicit\b/, ""));
  const offered = keys(/Offering public key: (.*)/g);
  const [accepted] = keys(/Server accepts key: (.*)/g);
  const unread = /^(?:Load key |Warning: Identity file ).*/m.exec(said)?.[0];
  if (unread !== undefined && (accepted !== undefined || offered.length === 0)) {
    return new SlipwayError("key_unreadable", `ssh cannot read a key for ${run.place}: ${unread}`, {
      wayOut: "`identityFile` must be a private key, in a file that nobody else may read (chmod 600).",
    });
  }
  // An ssh-agent that would not sign is told below, by ssh's own last lines; so is a host that took the signature and
  // still said no, because of PermitRootLogin for example.
  const signed = /^debug1: Server accepts key: [^]*^(debug1: Authentications that can continue|Authenticated)/m;
  if (accepted !== undefined && !/^sign_and_send_pubkey: /m.test(said) && !signed.test(debug)) {
    return new SlipwayError("passphrase_missing", `${run.place} takes the key ${accepted}, but ssh could not use it`, {
      wayOut: "It is encrypted: give `passphrase` (a secret) with `identityFile`, or add the key to your ssh-agent.",
    });
  }
  const user = /Authenticating to \S+ as '([^']*)'/.exec(debug)?.[1];
  // Where ours never came so far, a jump host refused.
  const [, jumper = "", jump = ""] = /^(.*)@(\S+): Permission denied/m.exec(said) ?? [];
  return keyRefused(user === undefined ? jump : run.place, user ?? jumper, offered, lastLines(said).split("\n"));
}

function configInvalid(said: string): SlipwayError {
  return new SlipwayError("ssh_config_invalid", `ssh cannot read its configuration: ${lastLines(said, 2)}`);
}

function hostKey(
  code: "host_key_unknown" | "host_key_changed" | "host_key_revoked",
  run: SshRun,
  said: string,
  debug: string,
): SlipwayError {
  const seen = /Server host key: (.*)/.exec(debug)?.[1];
  const shown = seen ?? "a key";
  const pinned = run.pinned && seen !== undefined;
  // Where our ssh saw no key, a jump host's did, and its complaint may or may not name that host.
  const named = /host key is known for (\S+)|[Hh]ost key for (\S+) (?:has changed|was revoked)/.exec(said);
  const place = seen !== undefined ? run.place : (named?.[1] ?? named?.[2] ?? `a jump host on the way to ${run.place}`);
  if (code === "host_key_revoked") {
    return new SlipwayError(code, `${place} shows a key that known_hosts marks as @revoked: ${shown}`, {
      wayOut: posing,
    });
  }
  if (code === "host_key_changed" || pinned) {
    // ssh names the file and the line; the box of at-signs around it says no more than our sentence.
    const where = pinned ? "`hostKey` of the program" : (/^Offending .* in (.*)/m.exec(said)?.[1] ?? "known_hosts");
    return new SlipwayError("host_key_changed", `${place} shows another key than the one known: ${shown}`, {
      wayOut: [
        "Either the host was installed anew or somebody sits between. Nothing was sent to it.",
        compare,
        `If the new key is right, replace the old one in ${where}.`,
      ].join("\n"),
    });
  }
  return new SlipwayError(code, `the key of ${place} is not known: ${shown}`, {
    wayOut: `${compare}\nIf it is there, connect once with \`ssh\` and accept it, or pin the content of that file with \`hostKey\`.`,
  });
}
