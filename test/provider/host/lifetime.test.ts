/** A process ends by itself when nothing is asked any more, and its agent with it; by each way to a host. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHost, type TestHost } from "../../host";

const repository = join(__dirname, "../../..");
const program = ["--import", "tsx", join(__dirname, "conversation.ts")];
let host: TestHost;
beforeAll(async () => {
  host = await createHost();
});
afterAll(async () => host.close());

const agents = async (): Promise<number> =>
  Number((await host.exec("pgrep -fc '[s]lipway-agent serve'")).stdout.trim());

test.each(["ssh2", "openssh"] as const)("%s", async (transport) => {
  const connection = JSON.stringify({ ...host.connection, transport });
  // Rejects if the process does not end, or with a status.
  const options = { cwd: repository, timeout: 30_000 };
  const { stdout } = await promisify(execFile)(process.execPath, [...program, connection], options);
  expect(stdout.trim()).toMatch(/^[0-9a-f]{32}$/);
  await expect.poll(agents).toBe(0);
});

test("local", async () => {
  const command = [process.execPath, ...program, `'{"address":"localhost","transport":"local"}'`].join(" ");
  const { code, stdout, stderr } = await host.exec(`timeout 30 ${command}`, { directory: repository });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.trim()).toMatch(/^[0-9a-f]{32}$/);
  await expect.poll(agents).toBe(0);
});

test("a user that is not root becomes it by sudo, also on this machine itself", async () => {
  const command = [process.execPath, ...program, `'{"address":"localhost","transport":"local"}'`].join(" ");
  for (const [user, expected] of [
    ["deploy", /^[0-9a-f]{32}\n$/],
    ["guest", /^$/],
  ] as const) {
    const { stdout, stderr } = await host.exec(
      `busybox su ${user} -c "cd ${repository} && ${command.replaceAll('"', '\\"')}"`,
    );
    expect(stdout).toMatch(expected);
    if (user === "guest") expect(stderr).toContain("guest is not root on the host");
  }
});
