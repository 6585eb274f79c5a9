// The partner's own script: keeps what it hears, and hands out the session that the test gave it.
"use strict";
window.heard = [];
window.fetched = 0;
const button = document.querySelector("movmo-express-checkout");
for (const name of ["ready", "change", "complete", "error", "close"])
  document.addEventListener(name, (event) => event instanceof CustomEvent && heard.push([name, event.detail]));
if (button)
  button.fetchSession = async () => {
    fetched += 1;
    if (!window.session) throw new Error("the shop's server is away");
    return window.session;
  };
