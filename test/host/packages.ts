import { debianPackages } from "../../scripts/debian";

let unpacked: Promise<string> | undefined;

/** The folder with Debian's sshd, sudo and busybox, unpacked at the first call on this machine. */
export async function hostPackages(): Promise<string> {
  unpacked ??= debianPackages("host", ["openssh-server", "openssh-client", "sudo", "busybox-static"]);
  return unpacked;
}
