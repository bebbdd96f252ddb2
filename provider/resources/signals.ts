/**
 * The signals of Linux by number, from 1, as signal(7) gives them for amd64 and arm64. Node's list is that of its own
 * system.
 */
const names = [
  ...["HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM"],
  ...["TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF"],
  ...["WINCH", "IO", "PWR", "SYS"],
];

const synonyms: Readonly<Record<string, string>> = { IOT: "ABRT", CLD: "CHLD", POLL: "IO" };

/** The name with SIG of a signal written as "TERM", "SIGTERM", "15" or 15; undefined where there is no such signal. */
export function parseSignal(value: unknown): string | undefined {
  const written = typeof value === "number" ? String(value) : value;
  if (typeof written !== "string") return undefined;
  if (/^\d+$/.test(written)) return byNumber(Number(written));
  const name = written.toUpperCase().replace(/^SIG/, "");
  if (/^RTM(IN(\+\d+)?|AX(-\d+)?)$/.test(name)) return realTime(name);
  const known = synonyms[name] ?? name;
  return names.includes(known) ? `SIG${known}` : undefined;
}

function byNumber(number: number): string | undefined {
  if (number >= firstRealTime && number <= lastRealTime) return realTimeName(number);
  const name = names[number - 1];
  return name === undefined ? undefined : `SIG${name}`;
}

/** The C library keeps two real-time signals for itself, so RTMIN is 34 for everybody. */
const firstRealTime = 34;
const lastRealTime = 64;

function realTime(name: string): string | undefined {
  const offset = Number(/\d+$/.exec(name)?.[0] ?? 0);
  return realTimeName(name.startsWith("RTMIN") ? firstRealTime + offset : lastRealTime - offset);
}

function realTimeName(number: number): string | undefined {
  if (number < firstRealTime || number > lastRealTime) return undefined;
  return number === firstRealTime ? "SIGRTMIN" : `SIGRTMIN+${String(number - firstRealTime)}`;
}
