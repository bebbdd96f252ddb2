/** Where the agents live on a host, each in a folder named by the sha256 of the agent in hexadecimal. */
export const agentFolder = "/var/lib/slipway/agent";

/**
 * A part of a script that looks at `$folder` and the folders above it, existing or not, before root runs anything from
 * there. It leaves the nearest one that exists, symlinks resolved, in `$near`. It reports and ends where somebody else
 * could swap the file (`unsafe FOLDER MODE UID`) or where nothing may be executed (`noexec MOUNTPOINT`).
 */
export const safety = `
near=$folder
while [ -n "$near" ] && [ ! -d "$near" ]; do near=\${near%/*}; done
near=$(cd "$near/" && pwd -P)
above=$near
while :; do
  set -- $(ls -ldn "$above/")
  case "$1" in
  ?????w* | ????????w*) say unsafe "$above" "$1" "$3"; exit 0 ;;
  esac
  [ "$3" = 0 ] || { say unsafe "$above" "$1" "$3"; exit 0; }
  [ -n "$above" ] && [ "$above" != / ] || break
  above=\${above%/*}
done
deepest= flags=
while read -r _ point _ options _; do
  case "$near/" in
  "\${point%/}/"*) [ "\${#point}" -lt "\${#deepest}" ] || { deepest=$point flags=$options; } ;;
  esac
done </proc/self/mounts
case ",$flags," in
*,noexec,*) say noexec "$deepest"; exit 0 ;;
*,ro,*) say readonly "$deepest"; exit 0 ;;
esac
`;
