#!/bin/sh
# Process 1 of the guest without systemd, until it becomes busybox's init, which keeps sshd running (/etc/inittab). The
# initial RAM disk has loaded the drivers and mounted /proc, /sys, /dev and /run.
set -eu
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm /run/sshd
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm
# Where there is no udev, nobody loads this one when it is needed.
modprobe loop
hostname -F /etc/hostname
ip link set lo up
card=$(basename /sys/class/net/e*)
ip address add 10.0.2.15/24 dev "$card"
ip link set "$card" up
ip route add default via 10.0.2.2
exec /bin/busybox init
