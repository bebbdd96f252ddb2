/** A program that ends at once: the containers that serve stay, and the log says what went wrong. */
export const web = {
  command: ["httpd", "--no-such-option"],
  memory: "64m",
  cpus: 0.5,
  pidsLimit: 32,
  stopSignal: "SIGKILL",
};
