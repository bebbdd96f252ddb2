import { defineConfig } from "vitest/config";

/** Tests beside no clock: those that run Pulumi or start hosts wait for other processes, and get minutes. */
const slow = { testTimeout: 300_000, hookTimeout: 300_000, expect: { poll: { timeout: 20_000 } } };

export default defineConfig({
  test: {
    globalSetup: "test/setup.ts",
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/{api,cli,provider,sdk,scripts}/**/*.test.ts"],
          exclude: ["test/provider/host/**", "**/*.host.test.ts"],
          // Some start a process of Node, which on a busy machine takes seconds.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "host",
          include: ["test/{agent,host,provider/host}/**/*.test.ts", "test/**/*.host.test.ts"],
          ...slow,
        },
      },
      // Two at a time: each run of Pulumi keeps one processor busy.
      { test: { name: "e2e", include: ["test/{e2e,pack}/**/*.test.ts"], maxWorkers: 2, ...slow } },
      // An emulated machine beside other tests: everything takes its time.
      // Two at a time: much of an emulated machine's time goes by with waiting.
      {
        test: {
          name: "vm",
          include: ["test/vm/**/*.test.ts"],
          maxWorkers: 2,
          ...slow,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
