// The panels of a walkthrough: what a step has put into them, what is marked, what is scrolled to.

import { onKey } from "./site.js";

const panels = document.getElementById("panels");
let marked = null;

/** A panel's body by name. */
export function body(name) {
  return document.querySelector(`[data-panel="${name}"]`);
}

/** Scroll inside a panel only: the page stays where it is. */
function reveal(box, part) {
  if (!box || !part) return;
  const outer = box.getBoundingClientRect();
  const inner = part.getBoundingClientRect();
  // on a phone the keys lie over the lower end of the screen
  const low = Math.min(outer.bottom, window.innerHeight - 90);
  if (inner.top < outer.top || inner.bottom > low) box.scrollTop += inner.top - (outer.top + low) / 2;
}

/** Mark the event and the segment of step n. */
export function mark(n, segment) {
  marked = [n, segment];
  const log = document.getElementById("log");
  let last = null;
  for (const each of log.children) {
    const at = Number(each.dataset.at);
    each.classList.toggle("later", at > n);
    each.firstElementChild?.removeAttribute("aria-current");
    if (at === n) each.firstElementChild.setAttribute("aria-current", "true");
    if (at <= n) last = each;
  }
  reveal(log.parentElement, last);
  const sequence = body("sequence");
  for (const each of sequence.querySelectorAll("[data-seg]")) {
    each.classList.toggle("current", Number(each.dataset.seg) === segment);
    each.classList.toggle("later", segment === null || Number(each.dataset.seg) > segment);
  }
  reveal(sequence, sequence.querySelector("a.current"));
  center();
}

/** The line that is called is in the middle of its lines. */
export function center() {
  for (const lines of document.querySelectorAll(".call .excerpt")) {
    const here = lines.querySelector("[data-here]");
    if (here) lines.scrollTop = here.offsetTop - (lines.clientHeight - here.offsetHeight) / 2;
  }
}

/** Put a step's HTML into the panels; what has the focus keeps it, if it is still there. */
export function show(step) {
  const focused = document.activeElement?.closest?.("[data-panel]") ? document.activeElement : null;
  const where = focused?.closest("[data-panel]").dataset.panel;
  const again = focused?.dataset.n;
  for (const [name, html] of Object.entries(step.panels)) {
    const box = body(name);
    // only what has changed: a picture that stays is not drawn again
    if (box.shown !== html) {
      box.innerHTML = html;
      box.shown = html;
    }
  }
  mark(step.n, step.segment);
  if (focused && !focused.isConnected) {
    const box = body(where);
    (box.querySelector(`[data-n="${again}"]`) ?? (box.tabIndex >= 0 ? box : document.querySelector('[data-go="next"]'))).focus({ preventScroll: true });
  }
}

/** On a narrow screen one panel at a time is shown below the source. */
export function tabs() {
  const bar = document.getElementById("tabs");
  bar.hidden = false;
  document.documentElement.classList.add("tabbed");
  bar.addEventListener("click", (event) => {
    const tab = event.target.dataset.tab;
    if (!tab) return;
    panels.dataset.tab = tab;
    for (const each of bar.children) each.setAttribute("aria-pressed", String(each === event.target));
    // what was hidden could not be scrolled
    if (marked) mark(...marked);
  });
}

/** A figure goes to a panel: by Tab alone, the links of the source stand before all others. */
export function figures() {
  const bar = document.getElementById("tabs");
  [...panels.querySelectorAll(".panel")].forEach((panel, place) => {
    onKey(String(place + 1), panel.querySelector("h2").firstChild.textContent.trim(), () => {
      if (bar.checkVisibility()) bar.querySelector(`[data-tab="${panel.id.slice(2)}"]`).click();
      const box = panel.querySelector(".body[tabindex], .excerpt[tabindex], .body a");
      box?.focus();
      box?.scrollIntoView({ block: "nearest" });
    });
  });
}
