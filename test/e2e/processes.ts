import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process of this machine, told apart from a later one of the same number. */
export interface Process {
  pid: number;
  /** When it started, in clock ticks since boot. */
  started: string;
}

/** The first process of a container, by its incarnation: process 1 of its pid namespace. Undefined where none runs. */
export function firstProcess(incarnation: string): Process | undefined {
  const pid = pids().find(
    (candidate) =>
      // The agent names a container's groups after its incarnation.
      read(candidate, "cgroup").includes(`/${incarnation}`) && /^NSpid:.*\t1$/m.test(read(candidate, "status")),
  );
  // After the program's name, which may hold anything, the start time is the 20th field; see proc(5).
  const started =
    pid === undefined
      ? undefined
      : read(pid, "stat")
          .replace(/^.*\) /s, "")
          .split(" ")[19];
  return pid === undefined || started === undefined ? undefined : { pid, started };
}

/** The agents that serve somebody on the host whose process 1 is given. */
export function agents(host: number): number[] {
  const space = link(host, "ns/pid");
  return pids().filter(
    (pid) => link(pid, "ns/pid") === space && /^[^\0]*\/slipway-agent\0serve\0/.test(read(pid, "cmdline")),
  );
}

/** The processes of this machine in whose environment a name has a value. */
export function withEnvironment(name: string, value: string): number[] {
  return pids().filter((pid) => `\0${read(pid, "environ")}`.includes(`\0${name}=${value}\0`));
}

function pids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number);
}

/** What has ended in the meantime has nothing to say. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}

function link(pid: number, file: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${file}`);
  } catch {
    return "";
  }
}
