import { debianPackages } from "../../scripts/debian";

let unpacked: Promise<string> | undefined;

/** The folder with Debian's sshd, sudo, busybox and what else tests run, unpacked at the first call on this machine. */
export async function hostPackages(): Promise<string> {
  unpacked ??= debianPackages("host", ["openssh-server", "openssh-client", "sudo", "busybox-static", "zstd"]);
  return unpacked;
}
