import * as pulumi from "@pulumi/pulumi";
import * as slipway from "pulumi-slipway";
import { web } from "./web";

const config = new pulumi.Config();

// Any Linux machine that `ssh` reaches. User, port and keys: your ssh_config, or the configuration slipway:ssh.
const host = new slipway.Host("host", { address: config.require("address") });

// A root file system: Debian's busybox package, which `node base.mjs` fetched, and nothing else.
const base = new slipway.Layer("base", { host, rootfs: "base.tar" });

// On top of it, a folder that lies beside this file.
const site = new slipway.Layer("site", { host, directory: "site", target: "/www" });

// Both read-only, and only once on the host, however many containers there are.
const image = new slipway.Image("site", {
  host,
  layers: [base, site],
  config: { entrypoint: ["/bin/busybox"], workingDir: "/www" },
});

// Serves the page on port 8080 of the host.
export const container = new slipway.Container("web", { host, image, network: "host", ...web }).id;

// The same in a network of its own, in which there is nobody to serve it to.
new slipway.Container("alone", { host, image, network: "none", ...web });

export const kernel = host.kernel;
