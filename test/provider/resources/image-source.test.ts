import { describe, expect, it } from "vitest";
import * as api from "../../../provider/api";
import type { Bag } from "../../../provider/resources/bag";
import { check } from "../../../provider/resources/check";
import { image } from "../../../provider/resources/image";
import { parseMirror, parseReference, writeReference } from "../../../provider/resources/image-reference";
import { unknown } from "../../../provider/resources/unknown";
import { keys, place } from "./inputs";

const digest = keys.one;

describe("a reference", () => {
  // As `docker pull` prints them; skopeo and podman agree.
  it.each([
    ["nginx", "docker.io/library/nginx:latest"],
    ["nginx:1.27", "docker.io/library/nginx:1.27"],
    ["acme/app", "docker.io/acme/app:latest"],
    ["index.docker.io/library/nginx:1", "docker.io/library/nginx:1"],
    ["ghcr.io/acme/app:V1.4", "ghcr.io/acme/app:V1.4"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/a/b/c:1", "localhost:5000/a/b/c:1"],
    ["[::1]:5000/app", "[::1]:5000/app:latest"],
    [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
    [`nginx:1.27@${digest}`, `docker.io/library/nginx:1.27@${digest}`],
    ["a.b/c__d/e-f.g", "a.b/c__d/e-f.g:latest"],
  ])("%s is %s", (written, canonical) => {
    const parsed = parseReference(written);
    if (parsed === undefined) throw new Error("is none");
    expect(writeReference(parsed)).toBe(canonical);
    expect(parseReference(canonical)).toEqual(parsed);
  });

  it.each([
    "",
    "Nginx",
    "nginx:",
    "nginx:a b",
    "nginx@sha256:short",
    `nginx@sha512:${"a".repeat(128)}`,
    "https://ghcr.io/acme/app",
    "ghcr.io/../app",
    "ghcr.io/acme/app/",
    "ghcr.io//app",
    "user:word@ghcr.io/app",
    "-a.b/c",
    "ghcr.io:port/app",
    "a\0b",
    `ghcr.io/${"a".repeat(256)}`,
  ])("%j is none", (written) => {
    expect(parseReference(written)).toBeUndefined();
  });
});

it.each([
  ["mirror.example", { address: "mirror.example", prefix: "", insecure: false }],
  ["https://harbor.example/hub/", { address: "harbor.example", prefix: "hub/", insecure: false }],
  ["http://10.0.0.1:5000", { address: "10.0.0.1:5000", prefix: "", insecure: true }],
  ["ftp://mirror", undefined],
  ["mirror/UPPER", undefined],
  ["a@b", undefined],
])("mirror %s", (written, expected) => expect(parseMirror(written)).toEqual(expected));

const pulled = { owner: "organization/urn:image", host: place, reference: "nginx" };
const checked = (changed: Bag): Bag => {
  const result = check(image, {}, { ...pulled, ...changed });
  if ("failures" in result) throw new Error(JSON.stringify(result.failures));
  return result.inputs;
};
const reasons = (inputs: Bag): string[] => {
  const result = check(image, {}, { owner: "organization/urn:image", host: place, ...inputs });
  return "failures" in result ? result.failures.map(({ path, reason }) => `${path.join(".")} ${reason}`) : [];
};

describe("content key of an image from a registry", () => {
  it("is of what the bytes depend on, and of nothing else", () => {
    const key = checked({})["contentKey"];
    for (const same of [
      { reference: "docker.io/library/nginx:latest" },
      { credentials: { username: "a", password: "b" } },
      { mirrors: ["m"], insecure: true, proxy: "http://p:1", maxSize: "1g" },
    ])
      expect(checked(same)["contentKey"]).toBe(key);
    const others = [
      { reference: "nginx:1.27" },
      { reference: `nginx@${keys.one}` },
      { reference: `nginx@${keys.two}` },
      { platform: "linux/arm64" },
      { triggers: [1] },
      { triggers: ["1"] },
      { triggers: [1, 2] },
    ].map((changed) => checked(changed)["contentKey"]);
    expect(new Set([key, ...others]).size).toBe(others.length + 1);
  });

  it("is that of the digest, wherever it is to be had", () => {
    const key = checked({ reference: `nginx:1@${digest}` })["contentKey"];
    expect(checked({ reference: `ghcr.io/a/b@${digest}` })["contentKey"]).toBe(key);
  });

  it("is unknown while any of that is", () => {
    for (const changed of [{ reference: unknown }, { platform: unknown }, { triggers: ["a", unknown] }])
      expect(checked(changed)["contentKey"]).toBe(unknown);
    expect(checked({ credentials: unknown })["contentKey"]).not.toBe(unknown);
  });
});

it("asks for mirrors first, each with what is its own", () => {
  const inputs = checked({
    mirrors: ["http://m:5000", "harbor.example/hub"],
    insecure: true,
    ca: "-----BEGIN CERTIFICATE-----",
    credentials: { username: "u", password: "p" },
  });
  const ca = "-----BEGIN CERTIFICATE-----";
  expect(api.imageRequest.parse(image.request(inputs as never))).toEqual({
    owner: "organization/urn:image",
    contentKey: inputs["contentKey"],
    pull: {
      reference: "docker.io/library/nginx:latest",
      tag: "latest",
      places: [
        { address: "m:5000", repository: "library/nginx", ca, insecure: true },
        { address: "harbor.example", repository: "hub/library/nginx", ca },
        {
          address: "registry-1.docker.io",
          repository: "library/nginx",
          ca,
          insecure: true,
          credentials: { username: "u", password: "p" },
        },
      ],
      maxBytes: 64 * 1024 ** 3,
    },
  });
});

it("says all that is wrong, and no secret", () => {
  const secret = "s3cret";
  expect(reasons({})).toEqual(["reference must be given, or layers in its place, and not both; got neither"]);
  expect(reasons({ layers: [{ owner: "o", contentKey: keys.one }], insecure: true })).toEqual([
    "insecure goes with reference only",
  ]);
  expect(reasons({ reference: "nginx", config: {} })).toEqual(["config goes with layers only: an image has its own"]);
  const found = reasons({
    reference: "Nginx:1",
    platform: "arm64",
    triggers: [{}],
    credentials: { user: "me", password: [secret] },
    ca: "/etc/ca.pem",
    mirrors: ["https://"],
    proxy: `ftp://user:${secret}@proxy`,
    maxSize: "1",
  });
  expect(found.map((reason) => reason.slice(0, reason.indexOf(" must")))).toEqual(
    expect.arrayContaining([
      "reference",
      "platform",
      "triggers.0",
      "credentials.password",
      "ca",
      "mirrors.0",
      "proxy",
      "maxSize",
    ]),
  );
  expect(found.join()).toContain("credentials.user is not an argument; there are username, password");
  expect(found.join()).not.toContain(secret);
});
