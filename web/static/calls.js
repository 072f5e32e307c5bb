// The call explorer: branches of the tree fetched when they open, names completed, keys, the graph.

import { api, onKey, tree, words } from "./site.js";
import { show } from "./graphview.js";

// -- the tree -------------------------------------------------------------------------------------------

/** The functions above a branch, itself left out, up to the page's own. */
function above(branch) {
  const found = [document.querySelector("[data-node-of-page]")?.dataset.nodeOfPage];
  for (let each = branch.parentElement?.closest(".branch"); each; each = each.parentElement.closest(".branch")) found.push(each.dataset.node);
  return found;
}

function below(branch) {
  return branch.querySelector(":scope > .below");
}

/** A function that stands above already is not opened again: it is recursion. */
function markRecursion(part) {
  for (const branch of part.querySelectorAll(".branch")) {
    if (!above(branch).includes(branch.dataset.node)) continue;
    branch.classList.add("recursive");
    below(branch).textContent = words.recursion;
  }
}

async function open(branch) {
  if (branch.dataset.asked || branch.classList.contains("recursive")) return;
  branch.dataset.asked = "1";
  const place = below(branch);
  const link = [...place.childNodes];
  place.textContent = words.loading;
  try {
    const response = await fetch(branch.dataset.src);
    if (!response.ok) throw new Error(response.statusText);
    const part = new DOMParser().parseFromString(await response.text(), "text/html").body;
    place.replaceWith(...part.childNodes);
    markRecursion(branch);
  } catch (error) {
    place.replaceChildren(`${words.failed} ${error.message} `, ...link);
    delete branch.dataset.asked;
  }
}

// "toggle" does not bubble: it is caught on the way down
document.addEventListener("toggle", (event) => event.target.matches?.(".branch") && event.target.open && open(event.target), true);
markRecursion(document);

function rows() {
  return [...document.querySelectorAll(".tree-side summary")].filter((each) => each.checkVisibility());
}

function step(by) {
  const all = rows();
  const here = all.indexOf(document.activeElement.closest?.("summary"));
  all[Math.min(Math.max(here + by, 0), all.length - 1)]?.focus();
}

if (document.querySelector(".tree-side summary")) {
  onKey("j", words.down, () => step(1));
  onKey("k", words.up, () => step(-1));
  document.querySelector(".tree-side").addEventListener("keydown", (event) => {
    const row = event.target.closest("summary");
    if (!row || event.target !== row || event.ctrlKey || event.metaKey || event.altKey) return;
    const box = row.parentElement;
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "ArrowRight" && !box.open) box.open = true;
    else if (event.key === "ArrowRight") step(1);
    else if (event.key === "ArrowLeft" && box.open) box.open = false;
    else if (event.key === "ArrowLeft") box.parentElement.closest("details")?.querySelector("summary").focus();
    else return;
    event.preventDefault();
  });
}

// -- names ----------------------------------------------------------------------------------------------

for (const input of document.querySelectorAll("input[data-names]")) {
  const list = document.getElementById(input.getAttribute("list"));
  let asking;
  input.addEventListener("input", async () => {
    asking?.abort();
    asking = new AbortController();
    const begins = input.value.trim();
    if (begins.length < 2) return;
    try {
      const names = await api([tree, "functions"], { q: begins }, asking.signal);
      list.replaceChildren(...names.map((name) => new Option(name, name)));
    } catch (error) {
      if (error.name !== "AbortError") list.replaceChildren();
    }
  });
}

// -- the graph ------------------------------------------------------------------------------------------

for (const canvas of document.querySelectorAll("[data-graph]")) show(canvas);
