// The suite cannot be given a token. Loaded before it (node --import), this adds one to every request that has none,
// whichever of Node's two clients sends it.
import http from "node:http";
import { getGlobalDispatcher, setGlobalDispatcher } from "undici";

const bearer = `Bearer ${process.env.CONFORMANCE_TOKEN}`;

setGlobalDispatcher(
  getGlobalDispatcher().compose((dispatch) => (options, handler) => {
    const headers = new Headers(pairs(options.headers));
    if (!headers.has("authorization")) headers.set("authorization", bearer);
    return dispatch({ ...options, headers: Object.fromEntries(headers) }, handler);
  }),
);

// undici takes headers as an object, as pairs, or as a flat list.
function pairs(headers = {}) {
  if (!Array.isArray(headers) || Array.isArray(headers[0])) return headers;
  return headers.flatMap((name, at) => (at % 2 ? [] : [[name, headers[at + 1]]]));
}

const request = http.request;
http.request = (...args) => {
  const sent = request(...args);
  if (!sent.hasHeader("authorization")) sent.setHeader("authorization", bearer);
  return sent;
};
