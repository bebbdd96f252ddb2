# Process 1 of a throw-away host, until it becomes init. Run by host.ts in fresh namespaces (all but cgroup) as
#   sh init.sh groups FOLDER PACKAGES NAME BINDS...
# FOLDER holds what host.ts prepared: etc/ (files for /etc), groups (our cgroups), hierarchies (how to mount them), var/.
set -eu
stage=$1 folder=$2 packages=$3 name=$4
here=$(dirname "$0")

if [ "$stage" = groups ]; then
  # /proc is still the machine's, so this is the pid that others can use.
  read -r pid rest </proc/self/stat
  echo "$pid" >"$folder/pid"
  echo "$pid"
  exec >&2
  # A shell has one thread, and a single thread that moves itself ("0" into tasks) takes no global lock in the kernel.
  while read -r group; do
    if [ -e "$group/tasks" ]; then echo 0 >"$group/tasks"; else echo 0 >"$group/cgroup.procs"; fi
  done <"$folder/groups"
  shift
  # From here on our groups are the roots of all that can be seen.
  exec unshare --cgroup sh "$0" mounts "$@"
fi
shift 4

root=$folder/root
mount -t tmpfs -o mode=755 slipway-host "$root"
mkdir "$root/upper" "$root/work" "$root/new"
cp -a "$packages/." "$root/upper/"
mount -t overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" overlay "$root/new"
cd "$root/new"

mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o nosuid,nodev,noexec sysfs sys
mount --bind /dev dev
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o nosuid,nodev tmpfs dev/shm
for place in run root home tmp etc/ssh etc/sudoers.d var/log; do
  mkdir -p "$place"
  mount -t tmpfs -o mode=755 tmpfs "$place"
done
chmod 700 root
chmod 1777 tmp
mkdir -p run/sshd var/lib/slipway
if [ "$(stat -f -c %T "$folder/var")" = overlayfs ]; then
  # An overlay cannot hold the writable layer of another; this machine is in a container itself.
  mount -t tmpfs -o mode=755 tmpfs var/lib/slipway
else
  mount --bind "$folder/var" var/lib/slipway
fi
cp -rp "$folder/etc/." etc/
chown -R root:root etc/ssh etc/sudoers.d
for home in root home/deploy home/guest; do
  mkdir -p "$home/.ssh"
  cp "$folder/client.pub" "$home/.ssh/authorized_keys"
  chmod 700 "$home" "$home/.ssh"
done
chown -R 1000:1000 home/deploy
chown -R 1001:1001 home/guest
for bind in "$@"; do
  mkdir -p ".$bind"
  mount --bind "$bind" ".$bind"
done

while read -r place type options; do
  mkdir -p ".$place"
  mount -t "$type" -o "$options" slipway-host ".$place"
  # The real root of cgroup2 may hold processes and hand out controllers; ours is not the real one, so it has to be empty.
  if [ "$type" = cgroup2 ]; then
    mkdir ".$place/init"
    echo 0 >".$place/init/cgroup.procs"
  fi
done <"$folder/hierarchies"

hostname "$name"
"$root/new/usr/bin/busybox" ip link set lo up
mkdir "$root/new/run/old"
pivot_root . run/old
umount -l /run/old
rmdir /run/old
cd /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /usr/bin/busybox init
