import fc from "fast-check";
import { unknown } from "../../../provider/resources/unknown";

/**
 * Inputs as programs write them, for property tests: every argument there is, in its short and its long form, each
 * perhaps left out and perhaps not known yet.
 */

/** A value or, in preview, what stands for it. */
function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | string> {
  return fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: fc.constant(unknown) });
}

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/);
const anyText = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !text.includes("\0"));
const digest = fc.stringMatching(/^sha256:[0-9a-f]{64}$/);
const owner = word.map((name) => `organization/urn:pulumi:dev::shop::pulumi-nodejs:dynamic/slipway:Image::${name}`);
const reference = maybe(fc.record({ owner: maybe(owner), contentKey: maybe(digest) }));
const slot = fc.stringMatching(/^[0-9a-f]{16}$/);
const groupReference = maybe(fc.record({ owner: maybe(owner), contentKey: maybe(digest), slot: maybe(slot) }));
const path = fc
  .array(fc.oneof(word, fc.constant("."), fc.constant("")), { maxLength: 4 })
  .map((names) => `/${names.join("/")}`);
const words = maybe(fc.array(maybe(anyText), { minLength: 1, maxLength: 4 }));
const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]{0,9}$/);
const scalar = fc.oneof(anyText, fc.integer(), fc.boolean());
const pairs = maybe(
  fc.oneof(
    fc.dictionary(name, maybe(scalar), { maxKeys: 4 }),
    fc
      .uniqueArray(fc.tuple(name, anyText), { maxLength: 4, selector: ([each]) => each })
      .chain((entries) => fc.tuple(...entries.map(([each, value]) => maybe(fc.constant(`${each}=${value}`))))),
  ),
);
const user = fc.oneof(
  word,
  fc.nat(70000),
  fc.tuple(word, word).map((both) => both.join(":")),
);
const owners = fc.constantFrom("0", 1000, "33:33", "4294967294:0");
const permissions = fc.constantFrom("755", "0600", "4755", "u=rwX,go=rX", "+x");
const signal = fc.constantFrom("SIGTERM", "term", "Quit", 9, "15", "SIGRTMIN+3", "RTMAX-1", 64, "SIGIOT");
const size = fc.oneof(
  fc.integer({ min: 6 * 2 ** 20, max: 2 ** 45 }),
  fc.constantFrom("512m", "1.5g", "64MiB", "6291456", "6144kb", "8000K"),
);
const rates = maybe(
  fc
    .uniqueArray(fc.constantFrom("/dev/sda", "/dev/disk/by-id/x:1", "8:0"), { minLength: 1 })
    .chain((paths) =>
      fc.tuple(
        ...paths.map((each) =>
          maybe(fc.constantFrom(`${each}:100`, { path: each, rate: 100 }, { path: each, rate: "4096" })),
        ),
      ),
    ),
);
const duration = fc.oneof(fc.nat(1e9), fc.constantFrom("10s", "1m30s", "1.5h", "200ms", "0s"));
const key = fc
  .tuple(
    fc.constantFrom("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"),
    fc.stringMatching(/^[A-Za-z0-9+/]{20}$/),
    fc.constantFrom("", " me@home"),
  )
  .map(([type, bytes, comment]) => `${type} ${bytes}${comment}`);

const host = maybe(
  fc.record(
    {
      name: maybe(word),
      connection: maybe(
        fc.record(
          {
            address: maybe(fc.constantFrom("192.0.2.1", "[2001:db8::1]", "2001:db8::1", "web.example")),
            port: maybe(fc.integer({ min: 1, max: 65535 })),
            user: maybe(word),
            privateKey: maybe(anyText),
            identityFile: maybe(anyText),
            passphrase: maybe(anyText),
            useAgent: maybe(fc.boolean()),
            hostKey: maybe(fc.oneof(key, fc.array(maybe(key), { minLength: 1, maxLength: 3 }))),
            hostKeyCheck: maybe(fc.constantFrom("strict", "accept-new")),
            sudo: maybe(fc.boolean()),
            transport: maybe(fc.constantFrom("ssh2", "openssh", "local")),
            connectTimeout: maybe(duration),
            configFile: maybe(anyText),
          },
          { requiredKeys: ["address"] },
        ),
      ),
    },
    { requiredKeys: ["name", "connection"] },
  ),
);

const imageConfig = fc.record(
  {
    command: words,
    entrypoint: words,
    env: pairs,
    workingDir: maybe(path),
    user: maybe(user),
    stopSignal: maybe(signal),
    labels: pairs,
  },
  { requiredKeys: [] },
);

/** An object of which any member may be left out. */
function optional(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  return fc.record(members, { requiredKeys: [] });
}

/** What programs write, by resource. Members may also be null, as in programs without types. */
export const written = {
  host: fc.record(
    { owner, host, onDelete: maybe(fc.constantFrom("keep", "purge", null)) },
    { requiredKeys: ["owner", "host"] },
  ),
  layer: fc.oneof(
    fc.record({ owner, host, contentKey: maybe(digest), rootfs: maybe(anyText) }),
    fc.record(
      {
        owner,
        host,
        contentKey: maybe(digest),
        directory: maybe(anyText),
        target: maybe(path),
        exclude: maybe(fc.array(maybe(fc.constantFrom("a", "!a/b", "**/*.log", "# all", "")), { minLength: 1 })),
        chown: maybe(owners),
        chmod: maybe(permissions),
      },
      { requiredKeys: ["owner", "host", "contentKey", "directory"] },
    ),
    fc.record({
      owner,
      host,
      contentKey: maybe(digest),
      files: maybe(
        fc.dictionary(
          word.map((each) => `/${each}/./file`),
          maybe(
            fc.oneof(
              fc.string(),
              fc.record(
                { content: maybe(fc.string()), chown: maybe(owners), chmod: maybe(permissions) },
                { requiredKeys: ["content"] },
              ),
            ),
          ),
          { minKeys: 1, maxKeys: 3 },
        ),
      ),
    }),
  ),
  image: fc.oneof(
    fc.record(
      { owner, host, layers: maybe(fc.array(reference, { minLength: 1, maxLength: 3 })), config: maybe(imageConfig) },
      { requiredKeys: ["owner", "host", "layers"] },
    ),
    fc.record(
      {
        owner,
        host,
        reference: maybe(
          fc.constantFrom("nginx", "ghcr.io/acme/app:1.4", `app@sha256:${"a".repeat(64)}`, "localhost/a"),
        ),
        platform: maybe(fc.constantFrom("linux/arm64", "linux/arm/v7")),
        triggers: maybe(fc.array(maybe(scalar), { minLength: 1, maxLength: 3 })),
        credentials: maybe(fc.record({ username: maybe(anyText), password: maybe(anyText) })),
        insecure: maybe(fc.boolean()),
        ca: maybe(fc.constant("-----BEGIN CERTIFICATE-----")),
        mirrors: maybe(
          fc.array(maybe(fc.constantFrom("m.example:5000/", "http://m/a/b")), { minLength: 1, maxLength: 2 }),
        ),
        proxy: maybe(fc.constant("http://user:word@proxy:3128")),
        maxSize: maybe(size),
      },
      { requiredKeys: ["owner", "host", "reference"] },
    ),
  ),
  cgroup: fc.record(
    {
      owner,
      host,
      parent: groupReference,
      cpu: maybe(
        optional({
          max: maybe(
            fc.oneof(
              fc.constantFrom(1.5, "2", 0.01, "max", "50000 100000", "max 50000", -1),
              fc.record({
                quota: maybe(fc.constantFrom("50ms", 70_000, -1)),
                period: maybe(fc.constantFrom("100ms", 5000)),
              }),
            ),
          ),
          weight: maybe(fc.integer({ min: 1, max: 10_000 })),
          burst: maybe(fc.constantFrom(0, "5ms", 700)),
        }),
      ),
      cpuset: maybe(optional({ cpus: maybe(fc.constantFrom("0-2,4", 3)), mems: maybe(fc.constantFrom("0", 1)) })),
      memory: maybe(
        optional({
          max: maybe(size),
          high: maybe(size),
          low: maybe(fc.constantFrom(0, "1m")),
          min: maybe(fc.constantFrom("4k", 0)),
          swapMax: maybe(fc.oneof(size, fc.constant(-1))),
          oomGroup: maybe(fc.boolean()),
        }),
      ),
      pids: maybe(optional({ max: maybe(fc.constantFrom(-1, 1, 4_194_304)) })),
      io: maybe(
        optional({
          weight: maybe(fc.integer({ min: 1, max: 10_000 })),
          max: maybe(
            fc.constantFrom(
              [{ device: "/dev/sda", readBps: "1m", writeIops: 5 }],
              [
                { device: "8:0", writeBps: -1 },
                { device: "/dev/vda", readIops: unknown },
              ],
            ),
          ),
        }),
      ),
      hugetlb: maybe(fc.constantFrom({ "2MB": "64m", "1GB": 0 }, {})),
      devices: maybe(fc.constantFrom(["c 1:3 rwm", "a *:* mr"], [unknown, "b 8:* r"])),
      paused: maybe(fc.boolean()),
    },
    { requiredKeys: ["owner", "host"] },
  ),
  container: fc
    .record(
      {
        owner,
        host,
        image: reference,
        command: words,
        entrypoint: words,
        env: pairs,
        workingDir: maybe(path),
        user: maybe(user),
        hostname: maybe(fc.constantFrom("web", "web-1.example", "A")),
        network: maybe(fc.constantFrom("none", "host")),
        cgroup: groupReference,
        memory: maybe(size),
        cpus: maybe(fc.constantFrom(0.5, 2, "1.5", "0.01")),
        pidsLimit: maybe(fc.integer({ min: -1, max: 1e6 }).filter((n) => n !== 0)),
        cpuShares: maybe(fc.integer({ min: 2, max: 262_144 })),
        cpusetCpus: maybe(fc.constantFrom("0-2,4", "1,0", 3, "0")),
        blkioWeight: maybe(fc.integer({ min: 10, max: 1000 })),
        deviceReadBps: rates,
        deviceWriteIOps: rates,
        labels: pairs,
        stopSignal: maybe(signal),
        stopTimeout: maybe(duration),
        readOnly: maybe(fc.boolean()),
        paused: maybe(fc.boolean()),
        wait: maybe(fc.constantFrom("running", "exit")),
      },
      { requiredKeys: ["owner", "host", "image", "network"] },
    )
    .filter(({ paused, wait }) => paused !== true || wait !== "exit"),
};
