# Ends a throw-away host and removes it, as `sh remove.sh FOLDER`; with a second word `keep` the folder stays. It may be
# run again after it was cut off.
set -u
folder=$1
[ -d "$folder" ] || exit 0
pid=$(cat "$folder/pid" 2>/dev/null || true)
own=$(head -n 1 "$folder/groups" 2>/dev/null || true)
# The number may belong to another process by now; only ours is in our group.
if [ -n "$pid" ] && [ -n "$own" ] && grep -qs "/$(basename "$own")\(/\|$\)" "/proc/$pid/cgroup"; then
  kill -KILL "$pid"
fi
tries=0
[ -z "$own" ] ||
while read -r group; do
  # A group can be removed once the last of its processes is gone, which the kernel does behind our back.
  while [ -d "$group" ]; do
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && continue
    tries=$((tries + 1))
    if [ "$tries" -gt 1000 ]; then
      echo "cannot remove $group: still in it are $(cat "$group/cgroup.procs" | tr '\n' ' ')" >&2
      exit 1
    fi
    sleep 0.01
  done
done <"$folder/groups"
[ "${2:-}" = keep ] || rm -rf --one-file-system "$folder"
