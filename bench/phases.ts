/** What the system calls on control groups cost, by strace: the same judge for every contestant. */
import { join } from "node:path";
import type { Sandbox } from "./sandbox";
import { output } from "./sandbox";
import { debian } from "./tools";

/** Milliseconds in system calls, container by container. A phase that no call belongs to alone is empty. */
export interface Phases {
  /** Making the groups and writing to their files. */
  create: number[];
  /** Writing to the files that move a process. One that is born in its group of version 2 needs none. */
  enter: number[];
  remove: number[];
  /** All three. */
  together: number[];
}

/** A sandbox in which every command runs under a tracer, and what that has seen once all of them have ended. */
export interface Traced {
  sandbox: Sandbox;
  phases: () => Promise<Phases>;
}

/** Puts strace before the commands of a sandbox; `name` is that of its notes. Throws Unavailable where it cannot be had. */
export async function traced(sandbox: Sandbox, name: string): Promise<Traced> {
  const { path, folder, environment } = await debian("strace");
  await sandbox.bring(folder);
  const notes = join(sandbox.folder, name);
  await output(sandbox, "mkdir", notes);
  // Calls that are not asked for run at full speed, and every process has a file of its own.
  const quick = ["--seccomp-bpf", "--follow-forks", "--output-separately", "--quiet=all", "--signal=none"];
  const calls = "?mkdir,mkdirat,?rmdir,unlinkat,?open,openat,openat2,write,close";
  const what = ["--syscall-times=us", "--decode-fds=path", `--trace=${calls}`, "--output", join(notes, "of")];
  const command: Sandbox["command"] = (words, own = {}) => {
    const libraries = [own["LD_LIBRARY_PATH"], environment.LD_LIBRARY_PATH].filter(Boolean).join(":");
    return sandbox.command([path, ...quick, ...what, "--", ...words], { ...own, LD_LIBRARY_PATH: libraries });
  };
  return {
    sandbox: { ...sandbox, command },
    phases: async () => phasesOf(await output(sandbox, "grep", "--recursive", "--with-filename", "cgroup/", notes)),
  };
}

/** Reads lines such as `of.12: write(4</sys/fs/cgroup/pids/x/pids.max>, "64", 2) = 2 <0.000011>`. */
export function phasesOf(text: string): Phases {
  const containers = new Map<string, Record<Exclude<keyof Phases, "together">, number>>();
  for (const line of text.split("\n")) {
    const [, process = "", call = "", rest = ""] = /^\S*?\.(\d+):(\w+)(\(.*)$/.exec(line) ?? [];
    const [, group] = /\/(floor-\d+-\d+|crun-[\w-]+|[0-9a-f]{32})\b/.exec(rest) ?? [];
    const [, seconds] = / = (?!-1 )\S+ <([\d.]+)>$/.exec(rest) ?? [];
    if (group === undefined || seconds === undefined) continue;
    // crun's groups all have the same name, and each start is a process.
    const container = group.startsWith("crun") ? process : group;
    const spent = containers.get(container) ?? { create: 0, enter: 0, remove: 0 };
    containers.set(container, spent);
    const moves = /\b(tasks|cgroup\.procs|cgroup\.threads)\b/.test(rest);
    spent[/^(rmdir|unlinkat)$/.test(call) ? "remove" : moves ? "enter" : "create"] += Number(seconds) * 1000;
  }
  // A child that only closes what it inherited is none.
  const whole = [...containers.values()].filter(({ remove }) => remove > 0);
  const of = (phase: "create" | "enter" | "remove"): number[] =>
    whole.map((one) => one[phase]).filter((time) => time > 0);
  const together = whole.map(({ create, enter, remove }) => create + enter + remove);
  return { create: of("create"), enter: of("enter"), remove: of("remove"), together };
}
