// The built page on this machine, with its headers: node serve.mjs [FOLDER] [--port N]

import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, resolve } from "node:path";
import { parseArgs } from "node:util";

import { HEADERS } from "./headers.mjs";

const KINDS = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string", default: "8080" } },
});
const fail = (text) => {
  console.error(`error: ${text}`);
  process.exit(1);
};
const port = /^\d+$/.test(values.port) ? Number(values.port) : NaN;
if (!(port < 2 ** 16)) fail(`--port ${values.port}: a port is a number from 0 to 65535`);
const folder = resolve(positionals[0] ?? join(import.meta.dirname, "dist"));

function fileFor(path) {
  const file = join(folder, normalize(path.endsWith("/") ? `${path}index.html` : path));
  if (!file.startsWith(folder)) return null;
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : null;
}

const server = createServer((request, response) => {
  let file = null;
  try {
    file = fileFor(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  } catch {
    // A path that is none.
  }
  const kind = file && (KINDS[extname(file)] ?? "application/octet-stream");
  response.writeHead(file ? 200 : 404, {
    ...HEADERS,
    "Content-Type": kind ?? "text/plain",
    "Cache-Control": "no-cache",
  });
  if (!file) response.end("there is no such file");
  else if (request.method === "HEAD") response.end();
  else createReadStream(file).pipe(response);
});
server.on("error", ({ code }) => {
  const why = code === "EADDRINUSE" ? "another program has it" : code;
  fail(`port ${port} cannot be used: ${why}; --port N takes another one`);
});
server.listen(port, "127.0.0.1", () => {
  console.log(`the page is at http://localhost:${server.address().port}/ (stop it with Ctrl-C)`);
});
