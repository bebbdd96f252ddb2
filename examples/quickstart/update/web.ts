/** Other limits and a label: changed in place, nothing is restarted. */
export const web = {
  command: ["httpd", "-f", "-p", "8080"],
  memory: "96m",
  cpus: 0.25,
  pidsLimit: 48,
  labels: { changed: "in place" },
  stopSignal: "SIGKILL",
};
