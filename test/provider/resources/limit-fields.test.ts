import { describe, expect, it } from "vitest";
import { checkFailure } from "../../../provider/failure";
import type { Bag } from "../../../provider/resources/bag";
import { check } from "../../../provider/resources/check";
import { container } from "../../../provider/resources/container";
import { least } from "./inputs";

/** What a person reads of a container with one limit that is wrong. */
function failures(changed: Bag): string[] {
  const checked = check(container, {}, { ...least.container, ...changed });
  return "failures" in checked ? checked.failures.map((one) => checkFailure(one).reason) : [];
}

describe("limits of a container that Docker or the kernel would read otherwise", () => {
  it.each([
    [
      "Docker's 0 for what is not set",
      { cpuShares: 0 },
      "cpuShares must be a whole number from 2 to 262144 (leave it out for the default); got 0",
    ],
    [
      "Docker's 0 for swap",
      { memory: "64m", memorySwap: 0 },
      "memorySwap must be at least memory, 67108864 bytes (leave it out for as much swap as memory); got 0",
    ],
    [
      "a reservation without limit",
      { memoryReservation: -1 },
      'memoryReservation must be a size of at least 6m, such as "64m" or a number of bytes (leave it out for none); got -1',
    ],
    [
      "a quota below a millisecond",
      { cpuQuota: 999 },
      "cpuQuota must be a whole number from 1000 to 8192000000, or -1 for no limit; got 999",
    ],
    ["a range without end", { cpusetCpus: "0-" }, 'cpusetCpus must be a list of processors, such as "0-2,4"; got "0-"'],
    [
      "a device without a rate",
      { deviceReadBps: ["/dev/sda"] },
      'deviceReadBps[0] must be a device and a rate such as "/dev/sda:10m", or { path: "/dev/sda", rate: "10m" }; got "/dev/sda"',
    ],
    [
      "one device for a list of them",
      { deviceReadIOps: "/dev/sda:5" },
      'deviceReadIOps must be a list such as ["/dev/sda:100"] or [{ path: "/dev/sda", rate: 100 }]; got "/dev/sda:5"',
    ],
    [
      "a path that leads out of /dev",
      { deviceReadIOps: ["/dev/../etc:5"] },
      'deviceReadIOps[0].path must be a device, as a path below /dev or "major:minor"; got "/dev/../etc"',
    ],
  ] as [string, Bag, string][])("%s", (_, changed, expected) => {
    expect(failures(changed)).toEqual([expected]);
  });

  it.each([
    ["mem_limit", "memory"],
    ["memswap_limit", "memorySwap"],
    ["mem_reservation", "memoryReservation"],
    ["memory_max", "memory"],
    ["cpu_shares", "cpuShares"],
    ["cpu_weight", "cpuShares"],
    ["cpu.max", "cpus"],
    ["nano_cpus", "cpus"],
    ["cpuset", "cpusetCpus"],
    ["pids.max", "pidsLimit"],
    ["io_weight", "blkioWeight"],
    ["device_read_bps", "deviceReadBps"],
    ["deviceWriteIops", "deviceWriteIOps"],
    ["cgroup_parent", "cgroup"],
  ])("%s is called %s here", (name, meant) => {
    expect(failures({ [name]: 1 })).toEqual([expect.stringContaining(`is not an argument; did you mean "${meant}"?`)]);
  });
});
