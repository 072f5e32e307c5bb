// What a search box may mean, while it is typed: an ARIA combobox over every search box of a tree.
// Arrow keys choose, Enter goes to what is chosen (or searches, where nothing is), Escape closes.

import { address, api, element, tree, words } from "./site.js";

const PAUSE = 90; // ms without a key before the site is asked
let boxes = 0;

function attach(input) {
  const id = `completions-${++boxes}`;
  const list = element("ul", { id, class: "completions", role: "listbox", "aria-label": words.completions, hidden: true });
  const said = element("span", { class: "unseen", role: "status" });
  let found = [];
  let chosen = -1;
  let timer = 0;
  let asking = null;

  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "false" })) {
    input.setAttribute(name, value);
  }
  input.form.append(list, said);

  function close() {
    clearTimeout(timer);
    asking?.abort();
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    chosen = place;
    [...list.children].forEach((each, number) => each.setAttribute("aria-selected", String(number === place)));
    if (place < 0) {
      input.removeAttribute("aria-activedescendant");
    } else {
      input.setAttribute("aria-activedescendant", list.children[place].id);
      list.children[place].scrollIntoView({ block: "nearest" });
    }
  }

  function go(each) {
    const file = each.kind === "file";
    location.assign(address(file ? [tree, "source", each.text] : [tree, "ident", each.text]));
  }

  function show(records) {
    found = records;
    list.replaceChildren(
      ...records.map((each, number) =>
        element(
          "li",
          {
            id: `${id}-${number}`,
            role: "option",
            "aria-selected": "false",
            onmousedown: (event) => event.preventDefault(),
            onclick: () => go(each),
          },
          element("code", {}, each.text),
          element("span", { class: "quiet" }, each.kind === "file" ? words.file : each.kind),
          each.kind === "file" ? null : element("span", { class: "quiet stands" }, `${each.file}:${each.line}`),
        ),
      ),
    );
    list.hidden = !records.length;
    chosen = -1;
    input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", String(Boolean(records.length)));
    said.textContent = words.completions_found.replace("{number}", records.length);
  }

  async function ask() {
    const typed = input.value.trim();
    asking?.abort();
    if (!typed) return close();
    asking = new AbortController();
    try {
      const records = await api([tree, "complete"], { q: typed }, asking.signal);
      if (document.activeElement === input) show(records);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter and the arrows are the input method's until the syllable is done
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && !list.hidden && chosen >= 0) {
      event.preventDefault();
      go(found[chosen]);
    } else if (event.key === "Enter") {
      close();
    } else if (step && !list.hidden) {
      event.preventDefault();
      event.stopImmediatePropagation();
      // one place more than there are completions: none is chosen, and Enter searches
      const places = found.length + 1;
      choose(((chosen + 1 + step + places) % places) - 1);
    }
  });
  input.addEventListener("blur", close);
}

if (tree) document.querySelectorAll('input[type="search"][name="q"]').forEach(attach);
