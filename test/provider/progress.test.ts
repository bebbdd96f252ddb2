import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { z } from "zod";
import { exchange } from "../../provider/host/http";

it("hears how far a request has got before it hears the answer", async () => {
  const server = createServer();
  server.on("stream", (stream) => {
    // As agent/server/processing.go does, and what else may come between.
    stream.additionalHeaders({ ":status": 102, "slipway-progress": "4/10" });
    stream.additionalHeaders({ ":status": 103, link: "</x>" });
    stream.additionalHeaders({ ":status": 102, "slipway-progress": "nonsense" });
    stream.additionalHeaders({ ":status": 102, "slipway-progress": "10/10" });
    stream.respond({ ":status": 200 });
    stream.end('"done"');
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const http = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  try {
    const heard: string[] = [];
    const progress = (done: number, total: number): number => heard.push(`${String(done)} of ${String(total)}`);
    const call = { method: "PUT", path: "/v1/images/x", progress } as const;
    expect(await exchange(http, call, {}, z.string())).toBe("done");
    expect(heard).toEqual(["4 of 10", "10 of 10"]);
  } finally {
    http.destroy();
    server.close();
  }
});
