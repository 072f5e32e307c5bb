// What all pages share: where this site is, its words, its keys, and changes of theme without loading the page.

const html = document.documentElement;

/** The site's first address (it may stand under a prefix), and the tree of this page ("" where there is none). */
export const root = html.dataset.root;
export const tree = html.dataset.tree ?? "";

/** The page's words in the reader's language: all `<script type="application/json">` with an id that begins "words". */
export const words = Object.assign(
  {},
  ...[...document.querySelectorAll('script[type="application/json"][id^="words"]')].map((each) => JSON.parse(each.textContent)),
);

/** An address of this site: parts of a path, quoted each, and arguments (those without a value are left out). */
export function address(parts, given = {}) {
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== undefined && value !== null && value !== ""));
  const path = parts.map((each) => String(each).split("/").map(encodeURIComponent).join("/")).join("/");
  return root + path + (query.size ? `?${query}` : "");
}

/** A record of the API; throws an Error with the site's own message. */
export async function api(parts, given = {}, signal = undefined) {
  const response = await fetch(address(["api/v1", ...parts], given), { signal, headers: { Accept: "application/json" } });
  const record = await response.json();
  if (!response.ok) throw new Error(record.error?.message ?? response.statusText);
  return record;
}

/** An element with attributes (those that are false, null or undefined are left out) and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((each) => each !== null && each !== undefined));
  return made;
}

// -- keys -----------------------------------------------------------------------------------------------

const keys = new Map();

/** Do something at a key (as in KeyboardEvent.key), unless the reader is writing; `says` stands in the help. */
export function onKey(key, says, action) {
  keys.set(key, { says, action });
}

/** The key that is meant: while an input method is on (Hangul), that of d has the key "ㅇ" or "Process", and the code KeyD. */
function keyOf({ key, code }) {
  const letter = key === "Process" || /^[^\x00-\x7f]/.test(key) ? /^Key([A-Z])$/.exec(code)?.[1] : null;
  return letter ? letter.toLowerCase() : key;
}

// who speaks to the machine, or misses keys, turns letters and signs off
const LETTERS = "xref.letters";

function setLetters(chosen) {
  html.dataset.letters = chosen;
  try {
    localStorage.setItem(LETTERS, chosen);
  } catch {
    // a reader that keeps nothing: it holds for this page
  }
}

try {
  html.dataset.letters = localStorage.getItem(LETTERS) ?? "on";
} catch {
  html.dataset.letters = "on";
}

function writing(target) {
  return target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === " " && event.target.closest?.("button, summary")) return; // it is pressed by Space
  const key = keyOf(event);
  const known = keys.get(key);
  if (!known || (key.length === 1 && key !== " " && html.dataset.letters === "off")) return;
  event.preventDefault();
  known.action(event);
});

function help() {
  const shown = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
  const list = element("dl", { class: "keys" });
  for (const [key, { says }] of keys) list.append(element("dt", {}, element("kbd", {}, shown[key] ?? key)), element("dd", {}, says));
  const choice = element("input", { type: "checkbox", checked: html.dataset.letters !== "off" });
  choice.addEventListener("change", () => setLetters(choice.checked ? "on" : "off"));
  const box = element(
    "dialog",
    { "aria-labelledby": "keys-title", onclose: () => box.remove() },
    element("h2", { id: "keys-title" }, words.keys),
    list,
    element("label", { class: "letters" }, choice, " ", words.letters),
    element("form", { method: "dialog" }, element("button", { autofocus: true }, words.close)),
  );
  document.body.append(box);
  box.showModal();
  box.scrollTop = 0; // the button at the end has the focus
}

onKey("/", words.search, () => {
  const box = document.querySelector('.top input[type="search"]') ?? document.querySelector('input[type="search"]');
  box?.focus();
  box?.select();
});
onKey("?", words.help, help);
document.querySelector(".preferences .help")?.addEventListener("click", help);

// the part of the tree that this page is of is in sight, where a narrow screen shows some of them
const section = document.querySelector(".sections [aria-current]");
if (section) section.parentElement.scrollLeft = section.offsetLeft - section.parentElement.offsetLeft - 16;

// -- theme ----------------------------------------------------------------------------------------------

document.querySelector(".preferences")?.addEventListener("submit", (event) => {
  const chosen = event.submitter;
  if (chosen?.name !== "theme") return;
  event.preventDefault();
  html.dataset.theme = chosen.value;
  document.cookie = `theme=${chosen.value}; path=${root.replace(/(.)\/$/, "$1")}; max-age=31536000; samesite=lax`;
  document.querySelector(chosen.value === "dark" ? ".to-light" : ".to-dark").focus();
});
