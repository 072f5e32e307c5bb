// Lines of a file: any range has a link (#L10-L20) and is shown; a click on a number, with Shift, with the arrow keys
// or by number makes one; long lines wrap on demand.

import { element, onKey, words } from "./site.js";

const said = words.source;
const pre = document.getElementById("code");
const code = pre.querySelector("code");
const side = document.querySelector(".view");
const number = (anchor) => Number(anchor.dataset.n);
const anchorOf = (line) => document.getElementById(`L${line}`);

// what is not drawn yet has its width, so that the code does not move sideways
const widen = () => (code.style.minWidth = pre.classList.contains("wrap") ? "" : `${Number(pre.dataset.columns) + 10}ch`);
widen();

// -- the lines chosen -------------------------------------------------------------------------------------

let chosen = null;
const lit = element("span", { class: "lit", "aria-hidden": "true" });
// from here on, what is chosen is shown by `lit`, not by :target, which a change of the address does not move
pre.classList.add("live");

/** First and last line of an address, null where it names none. */
function lines(hash) {
  const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(hash);
  if (!found) return null;
  const ends = [Number(found[1]), Number(found[2] ?? found[1])];
  const [first, last] = ends.sort((one, other) => one - other);
  return anchorOf(first) ? { first, last: anchorOf(last) ? last : first } : null;
}

function light() {
  lit.remove();
  if (!chosen) return;
  const above = pre.getBoundingClientRect().top;
  const top = anchorOf(chosen.first).getBoundingClientRect().top - above;
  const end = anchorOf(chosen.last + 1)?.getBoundingClientRect().top ?? code.getBoundingClientRect().bottom;
  lit.style.top = `${top}px`;
  lit.style.height = `${end - above - top}px`;
  pre.prepend(lit);
}

/** Choose lines, as the address then says; the page stays where it is. */
function choose(first, last) {
  const [low, high] = [first, last].sort((one, other) => one - other);
  chosen = { first: low, last: high };
  history.replaceState(history.state, "", `#L${low}${high > low ? `-L${high}` : ""}`);
  light();
}

/** Bring a line into view, with some lines above it. */
export function reveal(line, focus = false) {
  const anchor = anchorOf(line);
  anchor?.scrollIntoView({ block: "start" });
  if (focus) anchor?.focus({ preventScroll: true });
}

/** A line of another part of a long file is on that part's page. */
function elsewhere() {
  const size = Number(pre.dataset.partLines);
  const line = Number(/^#L(\d+)/.exec(location.hash)?.[1]);
  const part = Math.ceil(line / size);
  if (!size || !line || anchorOf(line) || new URLSearchParams(location.search).get("part") === String(part)) return;
  const query = new URLSearchParams(location.search);
  query.set("part", part);
  location.replace(`?${query}${location.hash}`);
}

function follow() {
  elsewhere();
  chosen = lines(location.hash);
  light();
  arrive(true);
}

/** What a browser does by itself for one line only: a range is brought into view, and Tab goes on from its first line. */
export function arrive(focus = false) {
  if (chosen && chosen.last > chosen.first) reveal(chosen.first, focus);
}

let from = null;
pre.addEventListener("click", (event) => {
  const anchor = event.target.closest("a[data-n]");
  if (!anchor || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (!event.shiftKey || !chosen) from = number(anchor);
  else from ??= chosen.first;
  choose(from, number(anchor));
  anchor.focus({ preventScroll: true });
});
pre.addEventListener("mousedown", (event) => {
  // else Shift and a click would select the text between
  if (event.shiftKey && event.target.closest("a[data-n]")) event.preventDefault();
});
pre.addEventListener("keydown", (event) => {
  const anchor = event.target.closest("a[data-n]");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const next = anchor && step && anchorOf(number(anchor) + step);
  if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (!event.shiftKey) from = number(next);
  choose(from ?? number(anchor), number(next));
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
});
window.addEventListener("hashchange", follow);
new ResizeObserver(light).observe(code);
follow();
if (chosen) pre.classList.add("arrived");
document.addEventListener("keydown", () => pre.classList.remove("arrived"), { once: true });

// -- where the reader is ----------------------------------------------------------------------------------

/** The line that is read: where `reveal` brings one to, below what stays above the code; null where none is. */
export function readLine() {
  const { left, top, bottom } = pre.getBoundingClientRect();
  const from = Math.max(Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop), top) + 4;
  const shown = Math.min(bottom, window.innerHeight) - 4;
  // a wrapped line has its number on its first row only
  for (let y = Math.min(from, shown); y < shown + 1; y += 8) {
    const anchor = document.elementFromPoint(Math.max(left, 0) + 20, y)?.closest?.("a[data-n]");
    if (anchor) return number(anchor);
  }
  return null;
}

// -- keys -------------------------------------------------------------------------------------------------

onKey("l", said.goto, () => {
  const input = element("input", { name: "line", inputmode: "numeric", pattern: "\\d+(-\\d+)?", required: true, autocomplete: "off", size: 12 });
  const box = element(
    "dialog",
    { "aria-label": said.goto, onclose: () => box.remove() },
    element("form", { method: "dialog", class: "goto" }, element("label", {}, said.goto_label, input), element("button", {}, said.go)),
  );
  box.querySelector("form").addEventListener("submit", () => {
    const given = lines(`#L${input.value.replace("-", "-L")}`);
    if (!given) return;
    from = given.first;
    choose(given.first, given.last);
    requestAnimationFrame(() => reveal(given.first, true));
  });
  document.body.append(box);
  box.showModal();
});

/** A choice of how code is shown, kept in the reader's browser. */
function kept(name, box, style, changed = () => {}) {
  const apply = (on) => {
    box.classList.toggle(style, on);
    changed();
  };
  try {
    apply(localStorage.getItem(name) === "1");
  } catch {
    apply(false);
  }
  return () => {
    const on = !box.classList.contains(style);
    const line = readLine();
    apply(on);
    if (line) reveal(line);
    try {
      localStorage.setItem(name, on ? "1" : "0");
    } catch {
      // a browser that keeps nothing forgets this too
    }
  };
}

const wrapping = element("button", { type: "button", title: said.wrap, "aria-label": said.wrap }, "↵");
const wrap = kept("source-wrap", pre, "wrap", () => {
  widen();
  light();
  wrapping.setAttribute("aria-pressed", pre.classList.contains("wrap"));
});
wrapping.addEventListener("click", wrap);
/** What a bar above the code offers. */
export const tools = [wrapping];
onKey("w", said.wrap, wrap);
onKey("s", said.side, kept("source-alone", side, "alone"));
onKey("u", said.up, () => location.assign(document.querySelector("#beside .dir").href));

// -- conditions -------------------------------------------------------------------------------------------

const conditions = document.querySelector("form.conditions");
let byKeys = false;
conditions?.addEventListener("pointerdown", () => (byKeys = false));
conditions?.addEventListener("keydown", () => (byKeys = true));
// by keys a choice is changed on the way to another one, and left by Tab: Enter or the button shows it
conditions?.addEventListener("change", () => byKeys || conditions.requestSubmit());
conditions?.addEventListener("submit", () => (conditions.action = location.pathname + location.hash));
