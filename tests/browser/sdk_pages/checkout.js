// A checkout without Movmo: says that it is there, unless its id is "silent", and obeys whoever tests, unless "deaf".
"use strict";
const id = location.pathname.split("/").pop();
const partner = window.parent !== window ? window.parent : window.opener;
const { partner: origin } = document.body.dataset;
window.got = [];
let port;
let locked = false;
const message = (method, params) => ({ jsonrpc: "2.0", method: `movmo.${method}`, params });

window.tell = (method, params) => {
  if (method === "lock") ({ locked } = params);
  port.postMessage(message(method, params));
};

addEventListener("message", (event) => {
  if (event.origin !== origin || event.source !== partner || event.data.method !== "movmo.init") return;
  window.init = event.data.params;
  port = event.ports[0];
  port.onmessage = ({ data }) => {
    got.push(data);
    if (data.method === "movmo.set_offer") location.replace(`/c/${data.params.session_id}`);
    if (data.method !== "movmo.close_request" || id === "deaf") return;
    if (locked) tell("lock", { locked });
    else tell("close", { reason: "page" });
  };
  tell("start", {});
  tell("resize", { height: 480 });
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !locked) tell("close", { reason: "escape" });
});

if (id !== "silent") partner?.postMessage(message("ready", { versions: ["1"], session_id: id }), origin);
