// The outline of a file: what can be looked for in it, and the name of what the line that is read stands in.

import { address, element, onKey, tree, words } from "./site.js";
import { arrive, readLine, reveal, tools } from "./source.js";

const said = words.source;
const box = document.getElementById("outline");
const wide = window.matchMedia("(min-width: 70rem)");

// beside the code there is room: what a phone opens on demand is open
for (const panel of document.querySelectorAll(".side .panel")) panel.open = wide.matches;
wide.addEventListener("change", () => { for (const panel of document.querySelectorAll(".side .panel")) panel.open = wide.matches; });

const items = [...(box?.querySelectorAll("li") ?? [])].map((row) => {
  const link = row.querySelector("a");
  const first = Number(link.hash.slice(2).split("-")[0]);
  return { row, link, name: link.textContent, kind: row.dataset.kind, first, last: Number(row.dataset.end) };
});
// of a long file, those of the part that this page has
const functions = items.filter((each) => each.kind === "function" && document.getElementById(`L${each.first}`));

// -- filter -----------------------------------------------------------------------------------------------

if (box) {
  const count = box.querySelector("summary .quiet");
  const all = count.textContent;
  const input = element("input", { type: "search", placeholder: said.outline, "aria-label": said.outline, autocomplete: "off", spellcheck: "false" });
  const kinds = element("select", { "aria-label": said.kind }, element("option", { value: "" }, said.any));
  for (const kind of new Set(items.map((each) => each.kind))) kinds.append(element("option", {}, kind));
  const filter = () => {
    const text = input.value.trim().toLowerCase();
    let left = 0;
    for (const { row, name, kind } of items) {
      row.hidden = !(name.toLowerCase().includes(text) && (!kinds.value || kind === kinds.value));
      left += !row.hidden;
    }
    count.textContent = text || kinds.value ? `${left} / ${all}` : all;
  };
  input.addEventListener("input", filter);
  kinds.addEventListener("change", filter);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    items.find(({ row }) => !row.hidden)?.link.click();
  });
  box.querySelector("summary").after(element("div", { class: "filter" }, input, kinds));
  onKey("o", said.outline, () => {
    box.open = true;
    document.querySelector(".view").classList.remove("alone");
    input.focus();
    input.select();
  });
}

// -- where the reader is ----------------------------------------------------------------------------------

/** The innermost function, type or macro of several lines that a line stands in. */
function around(line) {
  let found = null;
  for (const each of items) {
    if (each.first > line) break;
    if (each.last >= line && (each.last > each.first || each.kind === "function")) found = each;
  }
  return found;
}

const name = element("a", { class: "name" });
const kind = element("span", { class: "quiet" });
let stepped = null;
const step = (by) => {
  let line = readLine() ?? 1;
  // at the end of the page, what was stepped to may stand below the line that is read
  const end = window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2;
  if (end && stepped) line = Math.max(line, stepped.first);
  stepped = by > 0 ? functions.find((each) => each.first > line) : functions.findLast((each) => each.first < line);
  if (stepped) reveal(stepped.first, true);
};
const bar = element(
  "div",
  { class: "where", role: "group", "aria-label": said.where },
  name,
  kind,
  ...tools,
  functions.length ? element("button", { type: "button", title: said.previous, "aria-label": said.previous, onclick: () => step(-1) }, "[") : null,
  functions.length ? element("button", { type: "button", title: said.next, "aria-label": said.next, onclick: () => step(1) }, "]") : null,
);

let shown;
function update() {
  const here = around(readLine() ?? 0);
  if (here === shown) return;
  shown = here;
  name.textContent = here ? here.name + (here.kind === "function" ? "()" : "") : document.querySelector(".view").dataset.path.split("/").pop();
  name.href = here?.link.hash ?? "#main";
  kind.textContent = here ? here.kind : "";
  for (const each of items) each.link.toggleAttribute("aria-current", false);
  if (!here) return;
  here.link.setAttribute("aria-current", "location");
  const list = box.closest(".side");
  const [row, view] = [here.row.getBoundingClientRect(), list.getBoundingClientRect()];
  if (wide.matches && !list.contains(document.activeElement) && (row.top < view.top + 60 || row.bottom > view.bottom - 20)) {
    list.scrollTop += row.top - view.top - view.height / 3;
  }
}

let asked = false;
const later = () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    update();
  });
};

document.querySelector(".file").prepend(bar);
arrive(); // the bar has moved the code down
window.addEventListener("scroll", later, { passive: true });
window.addEventListener("resize", later);
update();
if (functions.length) {
  onKey("]", said.next, () => step(1));
  onKey("[", said.previous, () => step(-1));
  onKey("c", said.callers, () => {
    const here = around(readLine() ?? 0);
    if (here?.kind === "function") location.assign(address([tree, "calls", here.name]));
  });
}
