"use client";

import "./index.js";
import { createElement, forwardRef, useEffect, useImperativeHandle, useRef, type CSSProperties } from "react";
import type { CheckoutSession, EventDetails, Mode, MovmoExpressCheckout as Element, Size, Theme } from "./index.js";

export interface MovmoExpressCheckoutProps {
  fetchSession: () => Promise<CheckoutSession>;
  locale?: string;
  theme?: Theme;
  mode?: Mode;
  size?: Size;
  preconnect?: string;
  className?: string;
  id?: string;
  style?: CSSProperties;
  onReady?: (detail: EventDetails["ready"]) => void;
  onChange?: (detail: EventDetails["change"]) => void;
  onComplete?: (detail: EventDetails["complete"]) => void;
  onError?: (detail: EventDetails["error"]) => void;
  onClose?: (detail: EventDetails["close"]) => void;
}

const EVENTS = ["Ready", "Change", "Complete", "Error", "Close"] as const;

/** `<movmo-express-checkout>` for React, whose `ref` is the element: functions may change from one rendering to the next. */
export const MovmoExpressCheckout = forwardRef<Element, MovmoExpressCheckoutProps>((props, ref) => {
  const element = useRef<Element>(null);
  useImperativeHandle(ref, () => element.current!, []);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    const { current } = element;
    const stop = new AbortController();
    current!.fetchSession = () => latest.current.fetchSession();
    for (const name of EVENTS)
      current!.addEventListener(
        name.toLowerCase(),
        (event) => latest.current[`on${name}`]?.((event as CustomEvent).detail),
        stop,
      );
    return () => stop.abort();
  }, []);
  const { fetchSession, onReady, onChange, onComplete, onError, onClose, className, ...attributes } = props;
  // A custom element takes `class` in every version of React, `className` in none before 19.
  return createElement("movmo-express-checkout", { ...attributes, class: className, ref: element });
});
