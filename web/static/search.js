// Walking through the results of a search by keyboard: j and k, or the arrows, go from one to the next; Enter opens it.

import { onKey, words } from "./site.js";

const results = [...document.querySelectorAll("[data-result]")];

function go(step) {
  if (!results.length) return;
  const at = results.indexOf(document.activeElement);
  const to = at < 0 ? (step > 0 ? 0 : results.length - 1) : Math.min(Math.max(at + step, 0), results.length - 1);
  results[to].focus();
  results[to].scrollIntoView({ block: "nearest" });
}

onKey("j", words.next_result, () => go(1));
onKey("k", words.previous_result, () => go(-1));
if (results.length) {
  // the arrows scroll the page, as everywhere, until a result is chosen
  document.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || !results.includes(document.activeElement)) return;
    event.preventDefault();
    go(step);
  });
  onKey("o", words.open_result, () => results.includes(document.activeElement) && document.activeElement.click());
  // from the box on, the first result is one key away
  document.querySelector(".ask input[type=search]")?.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && event.target.getAttribute("aria-expanded") !== "true") {
      event.preventDefault();
      go(1);
    }
  });
}
