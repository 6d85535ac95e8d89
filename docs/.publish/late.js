/* Published pages only (slim.py puts this where Material's script tag was): Material's script, 35 kB, starts with the reader's
 * first move - pointer, key, touch, scroll - and not with the page. Tabs, values, copying and links need no waiting for it.
 * The search worker starts with the first search; below file:// it lives in a frame, since browsers refuse a worker there. */
(() => {
  const waiting = [];
  window.document$ = { subscribe(next) { waiting.push(next); next(document); } };

  window.palWorker = (url) => {
    let worker;
    const listeners = [];
    const start = () => {
      if (location.protocol !== "file:") worker = new Worker(url);
      else {
        const frame = document.createElement("iframe");
        frame.hidden = true;
        document.body.append(frame);
        const inside = frame.contentWindow;
        inside.postMessage = (data) => listeners.forEach(([, listener]) => listener({ data }));
        const script = inside.document.createElement("script");
        script.src = url;
        const early = [];
        worker = { addEventListener() {}, postMessage: (data) => early.push(data) };
        script.onload = () => {
          worker.postMessage = (data) => inside.dispatchEvent(new MessageEvent("message", { data }));
          early.forEach(worker.postMessage);
        };
        inside.document.head.append(script);
      }
      listeners.forEach((listener) => worker.addEventListener(...listener));
    };
    return {
      addEventListener: (...listener) => { listeners.push(listener); worker?.addEventListener(...listener); },
      removeEventListener: (...listener) => worker?.removeEventListener?.(...listener),
      postMessage: (data) => { worker || start(); worker.postMessage(data); },
    };
  };

  let wish; // a palette chosen before Material's script listens
  const choose = ({ target }) => { if (target.matches(".md-option")) wish = target; };
  addEventListener("change", choose);
  const moves = ["pointermove", "pointerdown", "touchstart", "keydown", "focusin", "scroll", "wheel"];
  const begin = (event) => {
    if (event?.type === "pointermove" && !event.movementX && !event.movementY) return; // the page came up below a pointer at rest
    for (const move of moves) removeEventListener(move, begin, true);
    if (event?.key === "/" && !event.target.matches("input, textarea")) { // what is typed next goes into the box
      event.preventDefault();
      document.getElementById("__search").checked = true;
      document.querySelector(".md-search__input").focus();
    }
    const script = document.createElement("script");
    const { base } = JSON.parse(document.getElementById("__config").textContent);
    script.src = `${base.replace(/\/?$/, "/")}BUNDLE`;
    script.onload = () => {
      removeEventListener("change", choose);
      wish?.dispatchEvent(new Event("change"));
      for (const next of waiting) document$.subscribe(next);
      if (event?.type === "keydown" && !event.defaultPrevented && !event.target.matches("input")) dispatchEvent(new KeyboardEvent("keydown", event));
    };
    document.head.append(script);
  };
  for (const move of moves) addEventListener(move, begin, { capture: true, passive: move !== "keydown" });
  // Search and palette are seen from the first paint on.
  document.documentElement.className = "js";
  const now = document.body.getAttribute("data-md-color-scheme");
  for (const option of document.querySelectorAll(".md-option")) if (option.dataset.mdColorScheme === now) option.nextElementSibling.hidden = false;
  if (new URLSearchParams(location.search).has("q")) begin();
})();
