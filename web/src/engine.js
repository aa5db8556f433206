// The network, run by ONNX Runtime: on the graphics card where that can be, else here.

const HERE = new URL("./", import.meta.url);
const RUNTIMES = {
  webgpu: { main: "ort/ort.jspi.min.js", core: "ort/ort-wasm-simd-threaded.jspi" },
  wasm: { main: "ort/ort.wasm.min.js", core: "ort/ort-wasm-simd-threaded" },
};
// More threads wait for the slow cores that phones have beside the fast ones.
const THREADS = 4;
// Of the student: two for each of its three stages, of 48 channels.
export const MEANS = [6, 48];

// What this browser can run the network with: "webgpu" or "wasm".
export async function choose() {
  // The small runtime with WebGPU needs WebAssembly that can wait for promises.
  if (!navigator.gpu || !WebAssembly.Suspending) return "wasm";
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  // A card that is only pretended is slower than WebAssembly.
  return adapter && !adapter.info?.isFallbackAdapter ? "webgpu" : "wasm";
}

export async function start(kind, threads = THREADS) {
  try {
    return await load(kind, threads);
  } catch (error) {
    if (kind === "wasm") throw error;
    console.log(`without WebGPU: ${error}`);
    return load("wasm", threads);
  }
}

async function load(kind, threads) {
  const at = (name) => new URL(name, HERE).href;
  const { main, core } = RUNTIMES[kind];
  const ort = await import(at(main));
  ort.env.wasm.wasmPaths = { mjs: at(`${core}.js`), wasm: at(`${core}.wasm`) };
  ort.env.wasm.numThreads = self.crossOriginIsolated
    ? Math.min(threads, navigator.hardwareConcurrency || 1)
    : 1;
  ort.env.logLevel = "error";
  const answer = await fetch(at("student.onnx"));
  if (!answer.ok) throw new Error(`the network cannot be loaded: ${answer.status}`);
  const session = await ort.InferenceSession.create(
    new Uint8Array(await answer.arrayBuffer()),
    { executionProviders: [kind], logSeverityLevel: 3 }
  );
  const network = new Network(ort, session, kind);
  // What cannot run fails here, where there is still another way.
  await network.run(new Uint8ClampedArray(4 * 64 * 64), 64, 64);
  return network;
}

class Network {
  #ort;
  #session;
  #last = Promise.resolve();

  constructor(ort, session, kind) {
    this.#ort = ort;
    this.#session = session;
    this.kind = kind;
    this.threads = ort.env.wasm.numThreads;
  }

  // RGBA in, RGBA out.  `means` are those of the whole photo that this is a tile of.
  // Gives back, too, the means of what channel attention sees in this picture, or in its
  // part `inner`: first and last row and column at half resolution.
  run(rgba, width, height, { means = null, inner = null } = {}) {
    // One at a time: the runtime is not made for more.
    const turn = this.#last.then(() => this.#run(rgba, width, height, means, inner));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #run(rgba, width, height, means, inner) {
    const { Tensor } = this.#ort;
    const pixels = new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.length);
    const part = inner ?? [0, 0, Math.ceil(height / 2), Math.ceil(width / 2)];
    const answer = await this.#session.run({
      low: new Tensor("uint8", pixels, [1, height, width, 4]),
      means: new Tensor("float32", means ?? new Float32Array(MEANS[0] * MEANS[1]), MEANS),
      share: new Tensor("float32", [means ? 0 : 1], [1]),
      inner: new Tensor("int32", part, [4]),
    });
    const { data } = answer.enhanced;
    return {
      bright: new Uint8ClampedArray(data.buffer, data.byteOffset, data.length),
      means: answer.measured.data,
    };
  }
}
