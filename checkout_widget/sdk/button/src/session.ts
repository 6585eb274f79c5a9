/** What your server got from `POST /v1/checkout-sessions`; hand it to the page as it is. */
export interface CheckoutSession {
  session_id: string;
  client_secret: string;
  url: string;
}

export interface Total {
  /** A decimal string with the currency's number of decimals. */
  amount: string;
  /** ISO 4217. */
  currency: string;
}

/** The session's, as `GET /v1/checkout-sessions/{session_id}` has it. */
export type SessionStatus =
  | "open"
  | "authenticated"
  | "ready"
  | "confirming"
  | "requires_action"
  | "completed"
  | "failed"
  | "expired"
  | "canceled";

export type ErrorCode = "session_failed" | "frame_unreachable" | "popup_blocked" | "frame_error";

export type CloseReason =
  /** Closed by the traveler before the checkout was there. */
  | "dismissed"
  /** The checkout did not answer, and was closed for the traveler. */
  | "forced"
  /** The traveler closed the window of the checkout. */
  | "window_closed"
  /** The element left the page. */
  | "removed"
  /** See the `error` event before it. */
  | ErrorCode
  /** What the checkout itself says. */
  | (string & {});

export interface EventDetails {
  ready: { session_id: string };
  /** `total` is null once the session is over and the checkout on this page does not hold it any more. */
  change: { session_id: string; status: SessionStatus; total: Total | null };
  /** A hint for the page only: your server learns it from the session or from a webhook. */
  complete: { session_id: string; booking_id: string | null; record_locator: string | null };
  /** `frame_code` is the checkout's own word, with `frame_error`. Not `fatal`: the traveler has been offered a way on. */
  error: { code: ErrorCode; fatal: boolean; frame_code?: string };
  close: { reason: CloseReason };
}

export type CheckoutEventMap = { [Name in keyof EventDetails]: CustomEvent<EventDetails[Name]> };

export type Theme = "auto" | "dark" | "light" | "outline";
export type Mode = "auto" | "modal" | "popup" | "redirect";
export type Size = "small" | "medium" | "large";
