export type Locale = "en" | "de" | "fr" | "es" | "nl";

/** What the element says, or else the page, about its language: by its prefix (`de-AT` is German), or English. */
export function localeOf(element: Element, words: Record<Locale, unknown>): Locale {
  const [prefix] = (element.getAttribute("locale") || document.documentElement.lang).toLowerCase().split(/[-_]/);
  return Object.hasOwn(words, prefix!) ? (prefix as Locale) : "en";
}
