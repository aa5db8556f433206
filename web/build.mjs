// Puts the page together: node build.mjs [FOLDER], dist by default.
//
// The model is written by python (PYTHON names another one) from the package beside.
// The folder is replaced whole, by a build that went well, or not at all.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

import { HEADERS, POLICY } from "./headers.mjs";

const HERE = import.meta.dirname;
const PACKAGE = resolve(HERE, "..");
const FOLDER = resolve(process.argv[2] ?? join(HERE, "dist"));
// Beside it while it is built, to be renamed at the end.
const OUT = join(dirname(FOLDER), `.${basename(FOLDER)}.building-${process.pid}`);
const ORT = join(HERE, "node_modules", "onnxruntime-web", "dist");

// The same files as of the page of `lled demo`.
const SHARED = [
  "page.css", "sliders.js", "compare.js", "intake.js", "camera.js", "messages.js", "refused.js",
];
const RUNTIMES = {
  wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"],
  webgpu: ["ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi.mjs", "ort-wasm-simd-threaded.jspi.wasm"],
};

// Under names that every host knows for scripts: to nginx, as Debian has it, .mjs is none.
const served = (name) => `ort/${name.replace(/\.mjs$/, ".js")}`;

// What whoever builds can cure: told in one line.
class Wrong extends Error {}

function check() {
  if (existsSync(FOLDER) && !mayGo()) {
    throw new Wrong(`${FOLDER} is no earlier build of the page; name an empty or a new folder`);
  }
  const missing = Object.values(RUNTIMES).flat().find((name) => !existsSync(join(ORT, name)));
  if (missing) throw new Wrong(`there is no ${join(ORT, missing)}; run npm ci in ${HERE}`);
}

// Empty, or with the sw.js of a build: that of the sources has no version yet.
function mayGo() {
  try {
    if (!readdirSync(FOLDER).length) return true;
    return /^const VERSION = "[0-9a-f]{16}";$/m.test(readFileSync(join(FOLDER, "sw.js"), "utf8"));
  } catch {
    return false;
  }
}

function filled(name, values) {
  const path = join(OUT, name);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/\{\{(\w+)\}\}/g, (_, key) => values[key]));
}

function copied() {
  // Not what a system or an editor leaves there, as .DS_Store.
  const filter = (path) => !basename(path).startsWith(".");
  cpSync(join(HERE, "src"), OUT, { recursive: true, filter });
  for (const name of SHARED) {
    cpSync(join(PACKAGE, "lled_jax", "page", "static", name), join(OUT, name));
  }
  mkdirSync(join(OUT, "ort"));
  for (const name of Object.values(RUNTIMES).flat()) cpSync(join(ORT, name), join(OUT, served(name)));
}

function model() {
  const python = process.env.PYTHON ?? (process.platform === "win32" ? "python" : "python3");
  const path = [PACKAGE, process.env.PYTHONPATH].filter(Boolean).join(process.platform === "win32" ? ";" : ":");
  try {
    execFileSync(python, [join(HERE, "export_model.py"), join(OUT, "student.onnx")], {
      stdio: "inherit",
      env: { ...process.env, PYTHONPATH: path },
    });
  } catch ({ code }) {
    const why = code ? `cannot be run (${code})` : "did not write the network, see above";
    throw new Wrong(
      `${python} ${why}; PYTHON=... names another one, with pip install '.[onnxruntime]' of this repository`
    );
  }
}

function version(files) {
  const hash = createHash("sha256");
  for (const name of files) hash.update(name).update(readFileSync(join(OUT, name)));
  return hash.update(JSON.stringify(HEADERS)).digest("hex").slice(0, 16);
}

function build() {
  copied();
  model();
  filled("index.html", { policy: POLICY });
  const files = readdirSync(OUT).filter((name) => !["ort", "sw.js"].includes(name)).sort();
  const runtimes = Object.fromEntries(
    Object.entries(RUNTIMES).map(([kind, names]) => [kind, names.map(served)])
  );
  const all = [...files, ...Object.values(runtimes).flat()];
  filled("sw.js", {
    version: version([...all, "sw.js"]),
    files: JSON.stringify(["./", ...files]), // some links end in index.html
    runtimes: JSON.stringify(runtimes),
    headers: JSON.stringify(HEADERS),
  });
  // For hosts that read such a file (Netlify, Cloudflare Pages).
  const lines = Object.entries(HEADERS).map(([name, value]) => `  ${name}: ${value}\n`);
  writeFileSync(join(OUT, "_headers"), `/*\n${lines.join("")}`);
  return { files, runtimes };
}

function told({ files, runtimes }) {
  const kb = (names) => {
    const contents = names.map((name) => readFileSync(join(FOLDER, name)));
    const sum = (values) => Math.round(values.reduce((a, b) => a + b.length, 0) / 1000);
    return `${sum(contents)} kB, gzipped ${sum(contents.map((c) => gzipSync(c)))} kB`;
  };
  console.log(`built ${FOLDER}`);
  console.log(`page and network: ${kb([...files, "sw.js"])}`);
  for (const [kind, names] of Object.entries(runtimes)) console.log(`runtime, ${kind}: ${kb(names)}`);
}

try {
  check();
  const built = build();
  rmSync(FOLDER, { recursive: true, force: true });
  renameSync(OUT, FOLDER);
  told(built);
} catch (error) {
  if (!(error instanceof Wrong)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(OUT, { recursive: true, force: true });
}
