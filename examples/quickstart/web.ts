/** What runs in both containers, and how much of the host each may use. */
export const web = {
  // busybox's web server, in the foreground; it serves the working directory.
  command: ["httpd", "-f", "-p", "8080"],
  memory: "64m",
  cpus: 0.5,
  pidsLimit: 32,
  // It is the first process of its namespace, where SIGTERM is ignored by whoever does not ask for it.
  stopSignal: "SIGKILL",
};
