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

  window.addEventListener("message", (event) => {
    const known = Object.values(frames).some((one) => one.contentWindow === event.source);
    if (event.origin !== origin || !known) return;
    const { type } = event.data || {};
    if (type === "ready" && (ready += 1) === 2) tell("ready");
    if (type === "paymentMethod") tell("paymentMethod", event.data.token, event.data.card);
    if (type === "errors") tell("errors", event.data.errors);
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
      const message = { type: "tokenize", environmentKey, details };
      frames.number.contentWindow.postMessage(message, origin);
    },
  };
})();
