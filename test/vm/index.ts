/**
 * A whole Debian 12 in a virtual machine: what namespaces cannot give, systemd as process 1 and a pure cgroup version 2.
 * Tests and scripts that need those belong here; all others use test/host, which is a hundred times quicker.
 */
export { guest, type Kernel } from "./build";
export { createVm, type TestVm, type VmOptions } from "./vm";
