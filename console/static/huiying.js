// Keys for people who work through lists: j/k move, Enter opens, a/r/u/1/2/3 press the item's buttons, / searches.
// Every page works without this file.
"use strict";

const items = [...document.querySelectorAll("[data-keys] [data-item], article.lead[data-item]")];

function current() {
  return items.findIndex((item) => item.contains(document.activeElement));
}

function move(step) {
  if (items.length === 0) return;
  const at = current();
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), items.length - 1);
  items[next].focus();
  items[next].scrollIntoView({ block: "nearest" });
}

function press(key) {
  const item = items[current()] ?? (items.length === 1 ? items[0] : null);
  const button = item?.querySelector(`[data-action="${key}"]`);
  if (button) button.form.requestSubmit(button);
}

function open() {
  const item = items[current()];
  if (item && item === document.activeElement) item.querySelector("a")?.click();
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  Enter: open,
  "/": (event) => {
    const field = document.querySelector('[data-key="/"]');
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  },
  a: () => press("a"),
  r: () => press("r"),
  u: () => press("u"),
  1: () => press("1"),
  2: () => press("2"),
  3: () => press("3"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  actions[event.key]?.(event);
});

// An answered alert leaves the queue; who works through it goes on with the next one.
const PLACE = "place in the list";

document.addEventListener("submit", (event) => {
  const at = items.findIndex((item) => item.contains(event.target));
  if (at >= 0) sessionStorage.setItem(PLACE, `${location.pathname} ${at}`);
});

const [path, at] = (sessionStorage.getItem(PLACE) ?? "").split(" ");
sessionStorage.removeItem(PLACE);
if (path === location.pathname) items[Math.min(Number(at), items.length - 1)]?.focus();

// On phones the facets start folded, so that the hits come first.
if (window.matchMedia("(max-width: 760px)").matches) {
  for (const facet of document.querySelectorAll("[data-facet]")) facet.open = false;
}

// A form whose answer takes a while says so, and is not sent twice.
for (const form of document.querySelectorAll("form[data-slow]")) {
  const show = (busy) => {
    form.querySelector("[data-busy]").hidden = !busy;
    form.querySelector("button").disabled = busy;
  };
  form.addEventListener("submit", () => show(true));
  // The browser may bring the page back as it was left.
  window.addEventListener("pageshow", () => show(false));
}

// A briefing stands in its frame at full height, so that the page has one scroll bar.
for (const frame of document.querySelectorAll("iframe.document")) {
  const fit = () => {
    const height = frame.contentDocument?.documentElement?.scrollHeight;
    if (height) frame.height = String(height + 8);
  };
  frame.addEventListener("load", fit);
  window.addEventListener("resize", fit);
}
