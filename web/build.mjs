// Puts the page together: node build.mjs [FOLDER], dist by default.
//
// The model is written by python (PYTHON names another one) from the package beside.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

import { HEADERS, POLICY } from "./headers.mjs";

const HERE = import.meta.dirname;
const PACKAGE = resolve(HERE, "..");
const OUT = resolve(process.argv[2] ?? join(HERE, "dist"));

// The same files as of the page of `lled demo`.
const SHARED = ["page.css", "compare.js", "camera.js"];
const RUNTIMES = {
  wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"],
  webgpu: ["ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi.mjs", "ort-wasm-simd-threaded.jspi.wasm"],
};

function filled(name, values) {
  const path = join(OUT, name);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/\{\{(\w+)\}\}/g, (_, key) => values[key]));
}

function copied() {
  rmSync(OUT, { recursive: true, force: true });
  cpSync(join(HERE, "src"), OUT, { recursive: true });
  for (const name of SHARED) {
    cpSync(join(PACKAGE, "lled_jax", "page", "static", name), join(OUT, name));
  }
  mkdirSync(join(OUT, "ort"));
  const from = join(HERE, "node_modules", "onnxruntime-web", "dist");
  for (const name of Object.values(RUNTIMES).flat()) cpSync(join(from, name), join(OUT, "ort", name));
}

function model() {
  const python = process.env.PYTHON ?? "python";
  const path = [PACKAGE, process.env.PYTHONPATH].filter(Boolean).join(process.platform === "win32" ? ";" : ":");
  execFileSync(python, [join(HERE, "export_model.py"), join(OUT, "student.onnx")], {
    stdio: "inherit",
    env: { ...process.env, PYTHONPATH: path },
  });
}

function version(files) {
  const hash = createHash("sha256");
  for (const name of files) hash.update(name).update(readFileSync(join(OUT, name)));
  return hash.update(JSON.stringify(HEADERS)).digest("hex").slice(0, 16);
}

copied();
model();
filled("index.html", { policy: POLICY });
const files = readdirSync(OUT).filter((name) => !["ort", "sw.js"].includes(name)).sort();
const runtimes = Object.fromEntries(
  Object.entries(RUNTIMES).map(([kind, names]) => [kind, names.map((name) => `ort/${name}`)])
);
const all = [...files, ...Object.values(runtimes).flat()];
filled("sw.js", {
  version: version([...all, "sw.js"]),
  files: JSON.stringify(["./", ...files.filter((name) => name !== "index.html")]),
  runtimes: JSON.stringify(runtimes),
  headers: JSON.stringify(HEADERS),
});
// For hosts that read such a file (Netlify, Cloudflare Pages).
const lines = Object.entries(HEADERS).map(([name, value]) => `  ${name}: ${value}\n`);
writeFileSync(join(OUT, "_headers"), `/*\n${lines.join("")}`);

const kb = (names) => {
  const contents = names.map((name) => readFileSync(join(OUT, name)));
  const sum = (values) => Math.round(values.reduce((a, b) => a + b.length, 0) / 1000);
  return `${sum(contents)} kB, gzipped ${sum(contents.map((c) => gzipSync(c)))} kB`;
};
console.log(`built ${OUT}`);
console.log(`page and network: ${kb([...files, "sw.js"])}`);
for (const [kind, names] of Object.entries(runtimes)) console.log(`runtime, ${kind}: ${kb(names)}`);
