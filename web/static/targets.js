// Beside the code: which functions a call through a pointer can reach, with the proof of each, where its mark is
// pressed; and how many call each function, behind the line of its name.

import { address, api, element, tree, words } from "./site.js";
import { place } from "./hover.js";

const said = words.source;
const path = document.querySelector("[data-path]").dataset.path;
const counted = (one, many, number) => (number === 1 ? one : many.replace("{n}", number.toLocaleString()));

// -- targets ----------------------------------------------------------------------------------------------

const box = element("div", { class: "card targets", popover: "auto", role: "dialog", tabindex: -1 });
document.body.append(box);
const known = new Map();

function at(text) {
  const [, file, line] = /^(.*):(\d+)$/.exec(text);
  return element("a", { href: `${address([tree, "source", file])}#L${line}` }, text);
}

/** An element, or nothing for a part that a record does not have. */
const part = (there, ...made) => (there ? element(...made) : null);

function row(edge) {
  const where = edge.callee_def ? at(edge.callee_def) : null;
  where?.replaceChildren(edge.callee);
  return element(
    "li",
    {},
    element("code", {}, where ?? edge.callee),
    element("span", { class: "kind" }, edge.kind),
    part(edge.evidence, "span", { class: "quiet" }, `${said.stored} `, at(edge.evidence ?? ":0")),
    part(edge.places > 1, "span", { class: "quiet" }, said.more.replace("{n}", edge.places - 1)),
    part(edge.chain, "span", { class: "quiet" }, `${said.by} `, ...(edge.chain ?? []).flatMap((each) => [at(each), " "])),
    part(edge.only_after, "span", { class: "quiet" }, `${said.only_after} ${shortened(edge.only_after ?? [])}`),
    part(edge.confidence === "name", "span", { class: "tag" }, said.by_name),
  );
}

const shortened = (names) => names.slice(0, 4).join(", ") + (names.length > 4 ? " …" : "");

function contents(call, mark) {
  const through = call.field ? `${call.struct ? `struct ${call.struct}` : "?"}.${call.field}` : "";
  const head = element(
    "p",
    { class: "head" },
    element("b", {}, call.callee),
    part(through, "code", {}, through),
    element("span", { class: "quiet" }, counted(said.functions_one, said.functions_many, call.total)),
  );
  if (!call.edges.length) return [head, element("p", {}, said.unknown)];
  const rows = call.edges.map(row);
  const list = element("ul", {}, ...rows);
  const filter = element("input", { type: "search", placeholder: said.filter, "aria-label": said.filter, autocomplete: "off" });
  filter.addEventListener("input", () => {
    const text = filter.value.trim().toLowerCase();
    for (const each of rows) each.hidden = !each.textContent.toLowerCase().includes(text);
  });
  const cut = part(call.total > rows.length, "p", { class: "quiet" }, `${said.first.replace("{n}", rows.length)} `, element("a", { href: mark.href }, call.caller ?? ""));
  return [head, rows.length > 8 ? filter : null, list, cut].filter(Boolean);
}

async function open(mark) {
  const [line, column] = mark.dataset.at.split(":").map(Number);
  if (!known.has(line)) known.set(line, api([tree, "targets", path], { line }));
  box.setAttribute("aria-label", mark.getAttribute("aria-label"));
  box.replaceChildren(element("p", { class: "quiet" }, said.loading));
  box.showPopover();
  place(box, mark);
  try {
    const call = (await known.get(line)).find((each) => each.column === column);
    box.replaceChildren(...(call ? contents(call, mark) : [element("p", {}, said.unknown)]));
  } catch (error) {
    known.delete(line);
    box.replaceChildren(element("p", {}, `${said.failed} ${error.message}`));
  }
  box.scrollTop = 0;
  place(box, mark);
  (box.querySelector("a") ?? box).focus({ preventScroll: true });
}

for (const mark of document.querySelectorAll("a.v")) mark.setAttribute("aria-haspopup", "dialog");
document.getElementById("code").addEventListener("click", (event) => {
  const mark = event.target.closest("a.v");
  if (!mark || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(mark);
});

// -- how many call it -------------------------------------------------------------------------------------

function text({ callers, stores }) {
  const parts = [];
  if (callers) parts.push(counted(said.calls_one, said.calls_many, callers));
  if (stores) parts.push(counted(said.stores_one, said.stores_many, stores));
  return parts.join(", ") || said.unused;
}

async function count() {
  const marks = new Map([...document.querySelectorAll("a.u")].map((each) => [each.dataset.f, each]));
  if (!marks.size) return;
  for (const each of await api([tree, "usage", path])) {
    const mark = marks.get(each.name);
    if (!mark) continue;
    mark.dataset.count = text(each);
    mark.setAttribute("aria-label", `${mark.title}: ${mark.dataset.count}`);
  }
}

// what is read first comes first
setTimeout(() => count().catch(() => {}), 200);
