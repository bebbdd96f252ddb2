/**
 * Carries connections to a throw-away host, and removes the host when its maker dies. It runs in the host's network
 * namespace; the listening socket that its maker hands over stays in the machine's. Plain JavaScript, for it starts
 * with every host. Words: FOLDER of the host.
 */
import { spawnSync } from "node:child_process";
import { createConnection } from "node:net";
import { fileURLToPath } from "node:url";

const folder = process.argv[2];
let kept = false;

process.on("message", (message, server) => {
  if (message === "keep") kept = true;
  if (message !== "serve") return;
  server.on("connection", (client) => {
    const host = createConnection({ host: "127.0.0.1", port: 22, noDelay: true });
    client.setNoDelay(true);
    for (const [from, to] of [
      [client, host],
      [host, client],
    ]) {
      from.pipe(to);
      from.on("error", () => to.destroy());
    }
  });
  process.send("serving");
});

process.on("disconnect", () => {
  if (kept) return;
  spawnSync("sh", [fileURLToPath(new URL("remove.sh", import.meta.url)), folder], { stdio: "inherit" });
  process.exit();
});
