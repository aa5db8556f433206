// Keeps the page for offline use, all of one version, and sends its security headers.

const VERSION = "{{version}}";
const FILES = {{files}};
const RUNTIMES = {{runtimes}};
const HEADERS = {{headers}};

const engine = new URL(location.href).searchParams.get("engine");
// Other folders of this host may have a page of ours as well, with caches of its own.
const OURS = `lled ${registration.scope} `;
const CACHE = `${OURS}${VERSION} ${engine}`;

addEventListener("install", (event) => {
  // WebAssembly for when WebGPU does not start, too.
  const { wasm, [engine]: chosen = wasm } = RUNTIMES;
  const wanted = [...FILES, ...new Set([...wasm, ...chosen])];
  // All or nothing; a cache of this version that is complete stays as it is.
  // What the browser keeps by itself may be of the version before: it asks the host.
  const fresh = wanted.map((name) => new Request(name, { cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith(OURS) && name !== CACHE) await caches.delete(name);
      }
      await clients.claim();
    })()
  );
});

addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && new URL(url).origin === location.origin) {
    event.respondWith(answer(event.request));
  }
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  const found = kept ?? (await fetch(request));
  if (found.type === "opaqueredirect" || !found.status) return found;
  const headers = new Headers(found.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  const { status, statusText } = found;
  return new Response(status === 304 ? null : found.body, { status, statusText, headers });
}
