/** Where the way there is kept until the traveler comes back: in this tab only, and read once. */
const KEPT = "movmo-connect";

export interface BeginOptions {
  /** Movmo's origin, as its metadata names it: `issuer` in `/.well-known/oauth-authorization-server`. */
  issuer: string;
  clientId: string;
  /** One of those registered for your client, byte for byte. */
  redirectUri: string;
  scope: string | readonly string[];
  /** What the token is for: the REST API unless you say otherwise, `{issuer}/v1/mcp` for MCP. */
  resource?: string;
}

export interface Connected {
  code: string;
  code_verifier: string;
  redirect_uri: string;
}

export type ConnectErrorCode =
  /** The traveler, or Movmo, said no: `reason` is OAuth's own word, such as `access_denied`. */
  | "refused"
  /** Nobody was sent from this tab, or the answer is to somebody else's question. */
  | "state_mismatch"
  /** The answer comes from another server than the one that was asked. */
  | "issuer_mismatch"
  /** The address holds no answer. */
  | "no_answer"
  /** The page is not served over https, or this browser keeps no session storage. */
  | "unsupported";

export class ConnectError extends Error {
  override name = "ConnectError";
  constructor(
    readonly code: ConnectErrorCode,
    readonly reason?: string,
  ) {
    super(reason ? `${code}: ${reason}` : code);
  }
}

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** The address of the question; what is needed to understand the answer is kept in this tab. */
export async function addressFor({ issuer, clientId, redirectUri, scope, resource }: BeginOptions): Promise<string> {
  const server = new URL(issuer);
  if (!/^https?:$/.test(server.protocol)) throw new TypeError("issuer is Movmo's origin, https://…");
  if (!clientId || !redirectUri || !scope.length) throw new TypeError("clientId, redirectUri and scope are needed");
  if (!globalThis.crypto?.subtle) throw new ConnectError("unsupported", "https");
  const [state, verifier] = [random(), random()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const question = new URL("/v1/oauth/authorize", server);
  question.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: typeof scope === "string" ? scope : scope.join(" "),
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
    resource: resource ?? `${server.origin}/v1`,
  }).toString();
  try {
    sessionStorage.setItem(KEPT, JSON.stringify([state, verifier, redirectUri, server.origin]));
  } catch {
    throw new ConnectError("unsupported", "session_storage");
  }
  return question.href;
}

/** Leads the traveler to Movmo, who signs them in and asks them. */
export async function begin(options: BeginOptions): Promise<void> {
  location.assign(await addressFor(options));
}

/**
 * For the page at your redirect URI: reads the answer, once. Hand what it gives to your server, which redeems it at
 * `/v1/oauth/token` within a minute. The code is taken out of the address bar and the history.
 *
 * @throws ConnectError
 */
export function finish(place: { readonly href: string } = location): Connected {
  const address = new URL(place.href);
  const answer = Object.fromEntries(address.searchParams);
  const kept = takeKept();
  if (!answer.code && !answer.error) throw new ConnectError("no_answer");
  if (globalThis.location && place === location) forget(address);
  if (!kept || kept[0] !== answer.state) throw new ConnectError("state_mismatch");
  const [, code_verifier, redirect_uri, issuer] = kept;
  if (answer.iss !== issuer) throw new ConnectError("issuer_mismatch", answer.iss);
  if (!answer.code) throw new ConnectError("refused", answer.error);
  return { code: answer.code, code_verifier, redirect_uri };
}

function takeKept(): [state: string, verifier: string, redirectUri: string, issuer: string] | null {
  try {
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return JSON.parse(kept!);
  } catch {
    return null;
  }
}

function forget(address: URL): void {
  for (const name of ["code", "state", "iss", "error", "error_description"]) address.searchParams.delete(name);
  history.replaceState(history.state, "", address);
}
