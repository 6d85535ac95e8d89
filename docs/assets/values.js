/* Your values: the reader types an ID once, every block shows it and every copy holds it.
 *
 * Pages are built with valid sample values (tests/emulator/samples.py; a test compares) and read well without this script.
 * It changes text only, accepts digits or a GUID and nothing else, reads nothing from the address, sends nothing anywhere.
 */
(() => {
  "use strict";
  const KEY = "pal.values.v1";
  const FIELDS = {
    PARTNER_ID: ["1234567", "Partner ID"],
    NEW_PARTNER_ID: ["7654321", "New partner ID"],
    CUSTOMER_TENANT: ["11111111-1111-1111-1111-111111111111", "Customer’s tenant ID"],
    HOME_TENANT: ["22222222-2222-2222-2222-222222222222", "Your own tenant ID"],
    SUBSCRIPTION: ["33333333-3333-3333-3333-333333333333", "Subscription ID"],
    SECOND_SUBSCRIPTION: ["34343434-3434-3434-3434-343434343434", "Second subscription ID"],
    CLIENT_ID: ["44444444-4444-4444-4444-444444444444", "Client (application) ID"],
    SERVICE_PRINCIPAL: ["55555555-5555-5555-5555-555555555555", "Service principal’s object ID"],
    OPERATORS_GROUP: ["66666666-6666-6666-6666-666666666666", "Operators group’s object ID"],
    ADMINISTRATORS_GROUP: ["77777777-7777-7777-7777-777777777777", "Administrators group’s object ID"],
    MANAGED_IDENTITY_CLIENT_ID: ["88888888-8888-8888-8888-888888888888", "Managed identity’s client ID"],
    APPLICATION_OBJECT_ID: ["99999999-9999-9999-9999-999999999999", "Application’s object ID"],
  };
  const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  const NAMES = Object.keys(FIELDS);
  const SAMPLE = new RegExp(NAMES.map((name) => `(?<![0-9a-f])${FIELDS[name][0]}(?![0-9a-f])`).join("|"), "gi");

  /** What is wrong with a typed value: ["", ""] when fine, "error" is not painted, "warning" is. */
  const judge = (name, value) => {
    if (!value) return ["", ""];
    const digits = /^\d+$/.test(value);
    if (!name.endsWith("PARTNER_ID"))
      return GUID.test(value) ? ["", ""] : ["error", `Not an ID of this kind. It looks like ${FIELDS[name][0]}.`];
    if (GUID.test(value))
      return ["error", "That is a usage attribution ID, not PAL: a partner ID has digits only."];
    if (!digits) return ["error", "A partner ID has digits only."];
    return value.length < 5 || value.length > 8
      ? ["warning", `${value.length} digits. Partner IDs we know of have 5 to 8: check it.`]
      : ["", ""];
  };

  /* --- the values, kept on this device or, where that is refused, for as long as the page lives --- */

  let own = {};
  const load = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY)) || {};
      own = {};
      for (const name of NAMES)
        if (typeof kept[name] === "string" && judge(name, kept[name])[0] !== "error") own[name] = kept[name];
    } catch { /* private mode, blocked storage, or not ours */ }
  };
  const save = () => {
    try {
      if (Object.keys(own).length) localStorage.setItem(KEY, JSON.stringify(own));
      else localStorage.removeItem(KEY);
    } catch { /* works for this page all the same */ }
  };

  /* --- painting --- */

  const make = (tag, props, ...children) => {
    const element = Object.assign(document.createElement(tag), props);
    element.append(...children);
    return element;
  };

  /** Put every sample value of the page into a span of its own, once. */
  const mark = () => {
    for (const code of document.querySelectorAll("article code")) {
      const whole = code.closest("pre") || NAMES.some((name) => FIELDS[name][0] === code.textContent);
      if (!whole) continue;
      const nodes = [];
      const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
      while (walker.nextNode())
        if (!walker.currentNode.parentElement.dataset.pal) nodes.push(walker.currentNode);
      for (const node of nodes) {
        const text = node.data;
        const parts = [];
        let end = 0;
        for (const { 0: found, index } of text.matchAll(SAMPLE)) {
          const span = make("span", { className: "pal-value", textContent: found });
          span.dataset.pal = NAMES.find((name) => FIELDS[name][0] === found.toLowerCase());
          parts.push(text.slice(end, index), span);
          end = index + found.length;
        }
        if (parts.length) node.replaceWith(...parts, text.slice(end));
      }
    }
  };

  const paint = () => {
    for (const span of document.querySelectorAll(".pal-value")) {
      const name = span.dataset.pal;
      const value = own[name] || FIELDS[name][0];
      if (span.textContent !== value) span.textContent = value;
      span.classList.toggle("pal-own", name in own);
      span.title = name in own ? FIELDS[name][1] : `Sample: ${FIELDS[name][1]}. Click to type yours.`;
    }
  };

  /* --- the form: only the fields whose samples are on the page --- */

  const idOf = (name) => `pal-${name.toLowerCase().replaceAll("_", "-")}`;
  const field = (name) => {
    const id = idOf(name);
    const [sample, label] = FIELDS[name];
    const note = make("small", { id: `${id}-note` });
    const input = make("input", { id, name, type: "text", placeholder: sample, value: own[name] || "" });
    input.autocomplete = "off";
    input.spellcheck = false;
    input.inputMode = name.endsWith("PARTNER_ID") ? "numeric" : "text";
    input.setAttribute("autocapitalize", "off");
    input.setAttribute("aria-describedby", note.id);
    note.setAttribute("role", "status");
    const show = () => {
      const [state, text] = judge(name, tidy(input.value));
      input.setAttribute("aria-invalid", state === "error");
      note.className = state;
      note.textContent = text;
      return state;
    };
    input.oninput = () => {
      const value = tidy(input.value);
      if (show() === "error" || !value) delete own[name];
      else own[name] = value;
      save();
      paint();
    };
    show();
    return make("div", {}, make("label", { htmlFor: id, textContent: label }), input, note);
  };
  document.addEventListener("click", ({ target }) => { // not when it ends a selection
    if (target.matches(".pal-value") && getSelection().isCollapsed) document.getElementById(idOf(target.dataset.pal))?.focus();
  });
  const tidy = (text) => text.trim().replace(/^["'{]+|["'}]+$/g, "");

  const form = () => {
    const old = document.querySelector(".pal-values");
    const here = new Set([...document.querySelectorAll(".highlight:not(.no-copy) .pal-value:not(details *)")].map((span) => span.dataset.pal));
    const names = NAMES.filter((name) => here.has(name));
    if (old || !names.length) return;
    const title = make("p", {}, make("strong", { id: "pal-values", textContent: "Your values" }),
      " go into every block of this site. Kept on this device only; leave out secrets.");
    const fields = make("div", { className: "pal-fields" }, ...names.map(field));
    const reset = make("button", { type: "reset", textContent: "Forget all values" });
    const element = make("form", { className: "pal-values" }, title, fields, reset);
    element.setAttribute("aria-labelledby", "pal-values");
    element.onsubmit = (event) => event.preventDefault();
    element.onreset = (event) => {
      event.preventDefault();
      own = {};
      save();
      renew();
      document.querySelector(".pal-values input").focus();
    };
    document.querySelector("article :is(h2, .tabbed-set, .highlight, details)").before(element);
  };

  /* --- the copy button, not on a tool's output: what is on the page at that moment, and a word when it still holds samples --- */

  const copyText = async (code, text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no permission, or an insecure address
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
      getSelection().removeAllRanges();
    }
  };

  const copyButtons = () => {
    for (const code of document.querySelectorAll(".highlight:not(.no-copy) pre > code")) {
      const box = code.closest(".highlight");
      if (box.querySelector(".pal-copy")) continue;
      const button = make("button", { type: "button", className: "pal-copy", textContent: "Copy" });
      button.setAttribute("aria-live", "polite");
      button.onclick = async () => {
        await copyText(code, code.textContent.trimEnd());
        const samples = code.querySelector(".pal-value:not(.pal-own)");
        button.textContent = samples ? "Copied: sample values" : "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 2500);
      };
      box.prepend(button);
    }
  };

  /* --- tabs: a link may name a tool (#link-azure-cli), and the choice counts before Material's script is there --- */

  const toolOf = (radio) => radio.labels[0].textContent.trim();
  const isTab = (element) => element?.matches?.(".tabbed-set > input");
  const choose = (input) => {
    const tool = toolOf(input);
    if (!input.parentElement.querySelector(".tabbed-labels--linked")) // else Material does it
      for (const radio of document.querySelectorAll(".tabbed-set > input"))
        if (toolOf(radio) === tool) radio.checked = true;
    try {
      __md_set("__tabs", [...new Set([tool, ...(__md_get("__tabs") || [])])]);
    } catch { /* not remembered */ }
  };

  /* --- what scrolls sideways can be reached with the keyboard --- */

  const reach = () => {
    for (const box of document.querySelectorAll("article pre > code, article table"))
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
  };
  const reachSoon = () => (window.requestIdleCallback || setTimeout)(reach);
  document.addEventListener("change", ({ target }) => {
    if (isTab(target)) { choose(target); reachSoon(); }
  });
  document.addEventListener("toggle", reachSoon, true);
  addEventListener("resize", reachSoon);

  /* --- every page, the ones of instant navigation too --- */

  const renew = () => {
    document.querySelector(".pal-values")?.remove();
    start();
  };
  const start = () => {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (isTab(named)) choose(named);
    mark();
    paint();
    form();
    copyButtons();
    reachSoon();
  };
  addEventListener("storage", (event) => {
    if (event.key && event.key !== KEY) return;
    load();
    renew();
  });
  load();
  if (window.document$) document$.subscribe(start);
  else start();
})();
