// The service worker: the page works offline, and threads work where the host sends no
// headers for them.

const RELOADED = "reloaded for threads";

// `engine` says which runtime to keep; `unused` whether the page may still be reloaded.
export async function keep(engine, unused) {
  if (!navigator.serviceWorker) return; // not on plain http elsewhere
  const container = navigator.serviceWorker;
  container.addEventListener("controllerchange", isolate);
  await container.register(`sw.js?engine=${engine}`);
  await container.ready;
  document.getElementById("offline").hidden = false;

  // The worker adds the headers, from the next time that the page is loaded.
  function isolate() {
    if (crossOriginIsolated || sessionStorage.getItem(RELOADED) || !unused()) return;
    sessionStorage.setItem(RELOADED, "yes");
    location.reload();
  }
}
