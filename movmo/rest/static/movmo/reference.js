// The reference page: filter, copy buttons, and the contents folded away on small screens. Everything reads without it.
"use strict";

const filter = document.getElementById("filter");
const nothing = document.getElementById("nothing");
const intro = document.getElementById("top");
const articles = [...document.querySelectorAll("article[data-entry]")];
const rail = new Map([...document.querySelectorAll(".rail [data-entry]")].map((item) => [item.dataset.entry, item]));

function matches(article, words) {
  const text = `${article.dataset.entry.replaceAll("_", " ")} ${article.dataset.entry} ${article.dataset.words}`;
  return words.every((word) => text.includes(word));
}

function apply() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const article of articles) {
    const keep = matches(article, words);
    article.hidden = !keep;
    rail.get(article.dataset.entry).hidden = !keep;
    shown += keep;
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-entry]:not([hidden])");
  }
  intro.hidden = words.length > 0;
  nothing.hidden = shown > 0;
}

filter.addEventListener("input", apply);
// A link to something the filter hides shows everything again.
window.addEventListener("hashchange", () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.closest("[hidden]")) {
    filter.value = "";
    apply();
    target.scrollIntoView();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== filter) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === "Escape" && document.activeElement === filter) {
    filter.value = "";
    apply();
    filter.blur();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const code = button.closest("figure").querySelector("pre").innerText;
  try {
    await navigator.clipboard.writeText(code);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy";
  }
  setTimeout(() => (button.textContent = "Copy"), 1600);
});

const contents = document.getElementById("contents");
const narrow = window.matchMedia("(max-width: 60rem)");
const fold = () => (contents.open = !narrow.matches);
narrow.addEventListener("change", fold);
fold();
contents.addEventListener("click", (event) => {
  if (narrow.matches && event.target.closest("a")) contents.open = false;
});

const watcher = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const link = rail.get(entry.target.dataset.entry).firstElementChild;
      if (entry.isIntersecting) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  },
  { rootMargin: "-20% 0px -70% 0px" },
);
articles.forEach((article) => watcher.observe(article));
