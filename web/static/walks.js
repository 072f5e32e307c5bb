// The list of walkthroughs, filtered while one writes.

import { words } from "./site.js";

const form = document.getElementById("scenarios-filter");
const box = form.elements.q;
const count = document.getElementById("scenarios-count");
const all = [...document.querySelectorAll(".scenarios li")];
const said = all.map((each) => each.textContent.toLowerCase());

function filter() {
  const wanted = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  all.forEach((each, place) => {
    each.hidden = !wanted.every((word) => said[place].includes(word));
    shown += each.hidden ? 0 : 1;
  });
  for (const group of document.querySelectorAll(".scenarios")) group.hidden = !group.querySelector("li:not([hidden])");
  count.textContent = words.scenarios.replace("{shown}", shown).replace("{total}", all.length);
}

// what the server has left out already cannot be filtered back in
if (!new URLSearchParams(location.search).get("q")) {
  box.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
}
