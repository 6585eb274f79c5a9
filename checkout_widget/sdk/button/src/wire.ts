import type { CheckoutSession } from "./session.js";

type Params = Record<string, any>;

export interface Line {
  say(method: string, params: object): void;
  end(): void;
}

const message = (method: string, params: object) => ({ jsonrpc: "2.0", method: "movmo." + method, params });

/**
 * Waits until the checkout in the window `far()` says that it is there, and hands it the secret and a port of its own.
 * A checkout that was loaded anew asks again. Only that window, on Movmo's own origin, is listened to.
 */
export function lineTo(
  session: CheckoutSession,
  far: () => Window | null,
  manner: object,
  heard: (method: string, params: Params) => void,
): Line {
  const { origin } = new URL(session.url);
  let port: MessagePort | undefined;

  const answer = ({ data, origin: from, source }: MessageEvent) => {
    if (from !== origin || !source || source !== far() || data?.method !== "movmo.ready") return;
    const { session_id, versions } = data.params || {};
    if (session_id !== session.session_id || !versions?.includes("1")) return;
    const channel = new MessageChannel();
    port?.close();
    port = channel.port1;
    port.onmessage = ({ data }) => heard(data.method.slice(6), data.params || {});
    const { client_secret } = session;
    (source as Window).postMessage(message("init", { version: "1", client_secret, ...manner }), origin, [channel.port2]);
    heard("ready", {});
  };

  addEventListener("message", answer);
  return {
    say: (method, params) => port?.postMessage(message(method, params)),
    end() {
      removeEventListener("message", answer);
      port?.close();
    },
  };
}
