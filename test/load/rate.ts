import { expect } from "vitest";

import type { Group } from "./group";

/** Milliseconds in which a load has to have what it is to have for a while; the machine may be busy. */
const deadline = 300_000;

/** Seconds that are looked at at once. */
const stretch = 3;

/** Prints the clock, the periods so far, those in which the quota was used up, and nanoseconds of processor time. */
const processorTime = `reading() {
  read -r clock idle </proc/uptime
  periods=0 throttled=0 used=0
  while read -r name value; do
    case $name in nr_periods) periods=$value ;; nr_throttled) throttled=$value ;; esac
  done <cpu.stat
  for pid in $pids; do
    read -r run rest </proc/$pid/schedstat
    used=$((used + run))
  done
  echo "$clock $periods $throttled $used"
}
pids=$(cat cgroup.procs)`;

/** Prints the clock and the bytes written. */
const written = `reading() {
  cut -d' ' -f1 /proc/uptime
  { sed -n 's/.* wbytes=\\([0-9]*\\) .*/\\1/p' io.stat || sed -n 's/.* Write //p' blkio.throttle.io_service_bytes
  } 2>/dev/null | awk '{ used += $1 } END { printf "%.0f\\n", used }'
}`;

/** One reading of processor time. */
interface Reading {
  readonly clock: number;
  readonly periods: number;
  readonly throttled: number;
  /** In seconds. */
  readonly used: number;
}

/** Reads all the time, for one stretch of time. What a shell does by itself costs the load no processor. */
async function readings(group: Group): Promise<Reading[]> {
  const lines = await group.in(
    "cpu",
    `${processorTime}
reading
end=$((\${clock%.*} + ${stretch}))
while sleep 0.01 && reading && [ "\${clock%.*}" -lt $end ]; do :; done`,
  );
  return lines
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number))
    .map(([clock = NaN, periods = NaN, throttled = NaN, used = NaN]) => ({
      clock,
      periods,
      throttled,
      used: used / 1e9,
    }));
}

/**
 * What was used in periods one after the other in each of which the quota was used up. That is so at a reading in whose
 * period nothing is used any more, and at whose end the kernel counts one throttled period more.
 */
function inFullPeriods(all: readonly Reading[]): { periods: number; used: number } {
  const resting = all.filter(({ periods, used }, index) => {
    const [before, after] = [all[index - 1], all[index + 1]];
    return before?.periods === periods && before.used === used && after?.periods !== periods;
  });
  const full = (index: number): boolean => {
    const [now, next] = [resting[index], resting[index + 1]];
    return now !== undefined && next !== undefined && next.throttled - now.throttled === next.periods - now.periods;
  };
  const sum = { periods: 0, used: 0 };
  for (let index = 0; index + 1 < resting.length; index++) {
    const [now, next] = [resting[index], resting[index + 1]];
    if (now === undefined || next === undefined || !full(index) || !full(index + 1)) continue;
    sum.periods += next.periods - now.periods;
    sum.used += next.used - now.used;
  }
  return sum;
}

/**
 * Expects that a group that wants more has its quota in each period, both in seconds, give or take a twentieth: no more of
 * the time that is looked at, and no less in twenty periods in which the kernel says that it was used up. In others a busy
 * machine gave the group less. A machine that stands still for a while upsets the readings, so there are more tries.
 */
export async function expectQuota(group: Group, quota: number, period: number): Promise<void> {
  let [periods, used] = [0, 0];
  const said: string[] = [];
  for (const end = Date.now() + deadline; Date.now() < end;) {
    const all = await readings(group);
    const [first, latest] = [all[0], all.at(-1)];
    if (first === undefined || latest === undefined) throw new Error("nothing was read");
    const full = inFullPeriods(all);
    periods += full.periods;
    used += full.used;
    const rate = (latest.used - first.used) / (latest.clock - first.clock);
    said.push(`${rate.toFixed(3)} a second, ${full.used.toFixed(3)} in ${full.periods} full periods`);
    if (periods < 20) continue;
    // What was had too early is taken off later; one period's more may be at an end of the stretch.
    if (rate <= (quota / period) * 1.05 + quota / stretch && Math.abs(used / periods / quota - 1) <= 0.05) return;
    [periods, used] = [0, 0];
  }
  expect.fail(`not held to ${quota} in ${period}: ${said.join("; ")}`);
}

/** Expects that groups that want the same processor have it in given parts, give or take a tenth. */
export async function expectShared(groups: readonly Group[], parts: readonly number[]): Promise<void> {
  const [first] = groups;
  const all = groups.map((group) => `cd ${group.folder("cpu")}; ${processorTime}\nreading`).join("; ");
  const whole = parts.reduce((sum, part) => sum + part, 0);
  const said: string[] = [];
  for (const end = Date.now() + deadline; Date.now() < end;) {
    const lines = (await first?.in("cpu", `${all}; sleep ${stretch}; ${all}`)) ?? "";
    const used = lines
      .trim()
      .split("\n")
      .map((line) => Number(line.split(" ")[3]));
    const had = groups.map((_, index) => (used[groups.length + index] ?? NaN) - (used[index] ?? NaN));
    const sum = had.reduce((total, each) => total + each, 0);
    said.push(had.map((each) => (each / sum).toFixed(3)).join(":"));
    if (had.every((each, index) => Math.abs(each / sum / ((parts[index] ?? NaN) / whole) - 1) <= 0.1)) return;
  }
  expect.fail(`not shared as ${parts.join(":")}: ${said.join("; ")}`);
}

/** Expects that a group that wants more writes so many bytes a second, give or take a tenth, and no more of the time that is looked at. */
export async function expectWritten(group: Group, rate: number): Promise<void> {
  // The kernel counts whole requests; one of a mebibyte must not decide.
  const long = 2 * stretch;
  const look = async (): Promise<number> => Number((await group.in("blkio", `${written}\nreading`)).split("\n")[1]);
  // After what there is to have at once.
  const begun = await look();
  await expect.poll(look, { timeout: 60_000 }).toBeGreaterThan(begun + rate);
  const said: string[] = [];
  let [bytes, seconds] = [0, 0];
  for (const end = Date.now() + deadline; Date.now() < end;) {
    const lines = await group.in("blkio", `${written}\nreading; sleep ${long}; reading`);
    const [from = NaN, before = NaN, to = NaN, after = NaN] = lines.trim().split("\n").map(Number);
    bytes += after - before;
    seconds += to - from;
    const had = (after - before) / (to - from) / rate;
    said.push(had.toFixed(3));
    if (Math.abs(had - 1) <= 0.1 && bytes / seconds <= rate * 1.1) return;
  }
  expect.fail(`did not write ${rate} a second, but this much of it: ${said.join("; ")}`);
}
