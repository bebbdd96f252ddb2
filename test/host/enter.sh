# Runs a command inside a throw-away host, as `sh enter.sh FOLDER WORKING-DIRECTORY COMMAND ARGUMENTS...`
set -eu
folder=$1 directory=$2
shift 2
while read -r group; do
  if [ -e "$group/tasks" ]; then echo 0 >"$group/tasks"; else echo 0 >"$group/init/cgroup.procs"; fi
done <"$folder/groups"
# The last words make the command die with this process, which the pid namespace would otherwise let it outlive.
exec nsenter --target "$(cat "$folder/pid")" --mount --uts --ipc --net --pid --cgroup \
  setpriv --pdeathsig KILL env --chdir="$directory" "$@"
