// The page's side of the vault's card fields: `Spreedly` as Spreedly's own script has it, as far as Movmo uses it.
// It builds two frames on this origin. Numbers never pass through here: the frames talk to each other.
(function () {
  "use strict";
  const origin = new URL(document.currentScript.src).origin;
  const listeners = {};
  const frames = {};
  let environmentKey = null;
  let ready = 0;

  function tell(event, ...details) {
    (listeners[event] || []).forEach((listener) => listener(...details));
  }

  function frame(field, elementId) {
    const element = document.getElementById(elementId);
    const made = document.createElement("iframe");
    made.src = `${origin}/fields/${field}`;
    made.name = `movmo-vault-${field}`;
    made.title = field === "number" ? "Card number" : "Security code";
    made.referrerPolicy = "strict-origin";
    element.replaceChildren(made);
    frames[field] = made;
  }

  const ask = (field, message) => frames[field].contentWindow.postMessage(message, origin);

  window.addEventListener("message", (event) => {
    const field = Object.keys(frames).find((name) => frames[name].contentWindow === event.source);
    if (event.origin !== origin || !field) return;
    const { type, token, card, errors, what } = event.data || {};
    if (type === "ready" && (ready += 1) === 2) tell("ready");
    if (type === "paymentMethod" || type === "recache") tell(type, token, card);
    if (type === "recacheReady") tell(type);
    if (type === "errors") tell(type, errors);
    if (type === "fieldEvent") tell(type, field, what);
  });

  window.Spreedly = {
    init(key, { numberEl, cvvEl }) {
      environmentKey = key;
      ready = 0;
      frame("number", numberEl);
      frame("cvv", cvvEl);
    },
    on(event, listener) {
      (listeners[event] ||= []).push(listener);
    },
    tokenizeCreditCard(details) {
      ask("number", { type: "tokenize", environmentKey, details });
    },
    setRecache(token, { last_four_digits }) {
      ask("number", { type: "setRecache", token, last_four_digits });
    },
    recache() {
      ask("number", { type: "recache", environmentKey });
    },
    // Spreedly's has no language: it is the page's.
    setLabel(field, text) {
      ask(field, { type: "setLabel", text, lang: document.documentElement.lang });
    },
    setTitle(field, text) {
      ask(field, { type: "setTitle", text });
    },
    setPlaceholder(field, text) {
      ask(field, { type: "setPlaceholder", text });
    },
    transferFocus(field) {
      frames[field].focus();
      ask(field, { type: "focus" });
    },
  };
})();
