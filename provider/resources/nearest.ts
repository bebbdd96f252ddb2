/** How Docker, Compose and the kernel call arguments that are called otherwise here. */
const elsewhere: Readonly<Record<string, string>> = {
  blkio: "io",
  cgroupparent: "cgroup",
  cmd: "command",
  cpumax: "cpus",
  cpuset: "cpusetCpus",
  cpuweight: "cpuShares",
  environment: "env",
  ioweight: "blkioWeight",
  limit: "max",
  memlimit: "memory",
  memorylow: "memoryReservation",
  memorymax: "memory",
  memreservation: "memoryReservation",
  memswaplimit: "memorySwap",
  nanocpus: "cpus",
  pidsmax: "pidsLimit",
  quota: "max",
  rbps: "readBps",
  reservation: "low",
  riops: "readIops",
  shares: "weight",
  swap: "swapMax",
  wbps: "writeBps",
  wiops: "writeIops",
  name: "hostname",
  networkmode: "network",
  signal: "stopSignal",
  stopgraceperiod: "stopTimeout",
  username: "user",
  workdir: "workingDir",
  cwd: "workingDir",
};

/** `; did you mean "x"?` for the name that was probably meant, else what names there are. */
export function nearest(written: string, names: readonly string[]): string {
  const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const wanted = elsewhere[plain(written)] ?? written;
  const ranked = names
    .map((name) => ({ name, distance: distance(plain(wanted), plain(name)) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (ranked !== undefined && ranked.distance <= Math.max(1, Math.floor(ranked.name.length / 3))) {
    return `; did you mean "${ranked.name}"?`;
  }
  return `; there are ${names.join(", ")}`;
}

/** How many letters have to be added, removed or changed to get from one word to the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      next.push(Math.min((row[j] ?? 0) + (from[i] === to[j] ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
