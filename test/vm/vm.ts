import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { libraries } from "../../scripts/debian";
import { publicKey } from "../host/keys";
import type { Connection, Result } from "../host";
import { guest, type Kernel } from "./build";

const state = join(__dirname, "../../.state/vm");

/** Milliseconds until the guest's sshd has to answer; alone on a machine the emulated boot takes 25 s. */
const deadline = 180_000;

/** Options of ssh to share one connection, by a socket in the working directory: a longer path could be too long for one. */
const sharing = ["ControlMaster=auto", "ControlPath=./control", "ControlPersist=yes", "ServerAliveInterval=5"].flatMap(
  (option) => ["-o", option],
);

/** How a virtual machine is started. */
export interface VmOptions {
  /** What runs the guest's processor: qemu's emulation, or the kernel where the machine can. Default SLIPWAY_VM_ACCEL, then "tcg". */
  readonly accelerator?: string;
  /** Debian's kernel. Default "6.1", that of Debian 12. */
  readonly kernel?: Kernel;
  /** What becomes process 1: systemd, or busybox's init on a host that has none. Default "systemd". */
  readonly init?: "systemd" | "none";
}

/**
 * Boots a Debian 12 guest with cgroup version 2 on a fresh disk, and waits until its sshd answers. Users: root, and
 * `deploy` with `sudo` and no password. With systemd, processes left in an SSH session die with it. Building the disk,
 * once a machine, takes minutes and root; booting takes neither.
 */
export async function createVm(options: VmOptions = {}): Promise<TestVm> {
  const { folder, qemu } = await guest();
  await mkdir(state, { recursive: true });
  const own = await mkdtemp(join(state, "vm-"));
  const port = await freePort();
  const { kernel = "6.1", init = "systemd" } = options;
  const accelerator = options.accelerator ?? process.env["SLIPWAY_VM_ACCEL"] ?? "tcg,thread=multi";
  const words = [
    ["-accel", accelerator, "-smp", "2", "-m", "1024", "-display", "none", "-vga", "none", "-monitor", "none"],
    ["-L", join(qemu, "usr/share/qemu"), "-L", join(qemu, "usr/share/seabios")],
    ["-kernel", join(folder, `vmlinuz-${kernel}`), "-initrd", join(folder, `initrd.img-${kernel}`)],
    ["-append", `root=/dev/vda rw console=ttyS0 quiet${init === "none" ? " init=/sbin/plain-init" : ""}`],
    ["-serial", `file:${join(own, "console.log")}`],
    ["-drive", `file=${join(folder, "disk.img")},if=virtio,format=raw,snapshot=on`],
    ["-netdev", `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ["-device", "virtio-net-pci,netdev=net,romfile="],
  ].flat();
  // It ends with this process, however that ends.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", join(qemu, "usr/bin/qemu-system-x86_64"), ...words], {
    env: { PATH: process.env["PATH"], LD_LIBRARY_PATH: libraries(qemu), TMPDIR: own },
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  const vm = new TestVm(own, folder, port, await publicKey(join(folder, "host-key")), child);
  try {
    await vm.ready();
  } catch (error) {
    await vm.close();
    throw error;
  }
  return vm;
}

/** A virtual machine that runs; it is reached and used like a TestHost. */
export class TestVm {
  private readonly ended: Promise<unknown>;

  constructor(
    /** Holds its console's log and files for ssh. */
    readonly folder: string,
    private readonly image: string,
    private readonly port: number,
    private readonly hostKey: string,
    private readonly child: ChildProcess,
  ) {
    this.ended = once(child, "exit");
  }

  /** Its name in {@link sshConfigFile}. */
  readonly name = "slipway-vm";

  /** How root reaches it. */
  get connection(): Connection {
    return this.connectionAs("root");
  }

  /** How one of its users reaches it. */
  connectionAs(user: "root" | "deploy"): Connection {
    const { port, image, hostKey } = this;
    return { address: "127.0.0.1", port, user, identityFile: join(image, "client"), hostKey: [hostKey] };
  }

  /** An ssh_config file in which it goes by its name, as root. */
  get sshConfigFile(): string {
    return join(this.folder, "ssh_config");
  }

  /** Runs a line of sh as root over the system's ssh. All lines share a connection, which an emulated machine is slow to make. */
  async exec(command: string): Promise<Result> {
    const words = ["-F", this.sshConfigFile, ...sharing, this.name, command];
    return new Promise((resolve) => {
      execFile("ssh", words, { cwd: this.folder }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 255, stdout, stderr });
      });
    });
  }

  /** As {@link exec}; throws with what was printed unless it ends with 0, and answers its standard output. */
  async must(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.exec(command);
    if (code !== 0) throw new Error(`${command}: ended with ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** Waits until sshd answers and the system is up. */
  async ready(): Promise<void> {
    const known = join(this.folder, "known_hosts");
    await writeFile(known, `[127.0.0.1]:${this.port} ${this.hostKey}\n`);
    await writeFile(
      this.sshConfigFile,
      `Host ${this.name}
  HostName 127.0.0.1
  Port ${this.port}
  User root
  IdentityFile ${join(this.image, "client")}
  IdentitiesOnly yes
  UserKnownHostsFile ${known}
  StrictHostKeyChecking yes
`,
    );
    for (const end = Date.now() + deadline; Date.now() < end; await delay(250)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error("qemu ended");
      if (await answers(this.port)) return;
    }
    const log = await readFile(join(this.folder, "console.log"), "utf8").catch(() => "");
    throw new Error(`the virtual machine did not come up:\n${log.slice(-2000)}`);
  }

  /** Pulls the plug and removes what it left. */
  async close(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Whether sshd's first line comes; qemu accepts connections before anything in the guest listens. */
async function answers(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port, timeout: 5000 });
  try {
    return await new Promise((resolve) => {
      socket.once("data", (bytes) => resolve(bytes.toString("latin1").startsWith("SSH-2.0-")));
      for (const event of ["error", "close", "timeout"]) socket.once(event, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
