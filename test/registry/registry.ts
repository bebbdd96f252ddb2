import type { ChildProcess } from "node:child_process";
import type { TestHost } from "../host";
import { listens, tools, use } from "./tools";

/** How a registry is run. */
export interface RegistryOptions {
  /** Whether it speaks TLS, with a certificate that nobody knows; default false. */
  readonly tls?: boolean;
  /** Whether it lets nobody in without {@link Registry.credentials}; default false. */
  readonly guarded?: boolean;
}

/** bcrypt of the password below, as `htpasswd -B` writes it. */
const entry = "robot:$2y$05$abcdefghijklmnopqrstuujsWknM8pfBPdRxoOJt8hu.sWw2vTXTq";

/** Debian's docker-registry, running inside a host on its loopback. It ends with the host, or with this process. */
export class Registry {
  private constructor(
    private readonly host: TestHost,
    private readonly child: ChildProcess,
    private readonly options: RegistryOptions,
    /** "127.0.0.1:port". */
    readonly address: string,
    /** The certificate it shows, in PEM; "" without TLS. */
    readonly certificate: string,
    private readonly folder: string,
  ) {}

  /** What it lets in, where it is guarded. */
  static readonly credentials = { username: "robot", password: "s3cret-of-the-test" };

  /** Starts one and waits until it answers. */
  static async start(host: TestHost, port: number, options: RegistryOptions = {}): Promise<Registry> {
    const folder = `/root/registry-${port}`;
    await host.must(`mkdir -p ${folder}/data`);
    if (options.tls === true) {
      const names = "-subj /CN=registry -addext subjectAltName=IP:127.0.0.1";
      const key = `-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${folder}/key.pem`;
      await use(host, "openssl", `req -x509 -days 2 ${key} -out ${folder}/cert.pem ${names} 2>&1`);
    }
    const address = `127.0.0.1:${port}`;
    const config = {
      version: 0.1,
      log: { level: "error" },
      storage: { filesystem: { rootdirectory: `${folder}/data` }, delete: { enabled: true } },
      http: {
        addr: address,
        ...(options.tls === true && { tls: { certificate: `${folder}/cert.pem`, key: `${folder}/key.pem` } }),
      },
      ...(options.guarded === true && { auth: { htpasswd: { realm: "test", path: `${folder}/htpasswd` } } }),
    };
    await host.must(`cat > ${folder}/config.yml`, { input: JSON.stringify(config) });
    await host.must(`cat > ${folder}/htpasswd`, { input: `${entry}\n` });
    const certificate = options.tls === true ? await host.must(`cat ${folder}/cert.pem`) : "";
    const child = host.enter([`${await tools()}/usr/bin/docker-registry`, "serve", `${folder}/config.yml`]);
    const registry = new Registry(host, child, options, address, certificate, folder);
    await listens(host, port, child);
    return registry;
  }

  /** Puts an image layout there. `format` is what skopeo calls it: "oci" is as it lies there, "v2s2" is Docker's. */
  async push(layout: string, name: string, format = "oci"): Promise<void> {
    const login = this.login("--dest-creds");
    // Else skopeo packs what is not.
    const asItIs = format === "oci" ? "--preserve-digests" : `--format ${format}`;
    const words = `--dest-tls-verify=false ${login} --all ${asItIs}`;
    const policy = "--insecure-policy";
    await use(this.host, "skopeo", `${policy} copy -q ${words} oci:${layout}:latest docker://${this.address}/${name}`);
  }

  /** The digest of what a tag stands for now. */
  async digestOf(name: string): Promise<string> {
    const words = `--tls-verify=false ${this.login("--creds")} --format '{{.Digest}}' docker://${this.address}/${name}`;
    return (await use(this.host, "skopeo", `--insecure-policy inspect ${words}`)).trim();
  }

  private login(option: string): string {
    const { username, password } = Registry.credentials;
    return this.options.guarded === true ? `${option} ${username}:${password}` : "";
  }

  /** Ends it and removes what it kept. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGKILL");
    await ended;
    await this.host.must(`rm -rf ${this.folder}`);
  }
}
