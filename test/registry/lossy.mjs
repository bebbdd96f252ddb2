// A way to a registry that breaks: `node lossy.mjs PORT TARGET BYTES` passes requests on to 127.0.0.1:TARGET and breaks
// off every answer after so many bytes. It prints the Range of each request for a blob, "-" for none.
import { createServer, request } from "node:http";

const [port, target, most] = process.argv.slice(2).map(Number);
createServer((asked, answer) => {
  if (asked.url.includes("/blobs/")) console.log(asked.headers.range ?? "-");
  const { method, url: path, headers } = asked;
  request({ host: "127.0.0.1", port: target, method, path, headers }, (found) => {
    answer.writeHead(found.statusCode, found.headers);
    let left = most;
    found.on("data", (piece) => {
      if (left <= 0) return;
      const last = piece.length >= left;
      answer.write(piece.subarray(0, left), () => last && answer.destroy());
      left -= piece.length;
    });
    found.on("end", () => left > 0 && answer.end());
  }).end();
}).listen(port, "127.0.0.1");
