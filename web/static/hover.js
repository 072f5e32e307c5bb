// Cards: what an identifier means, shown where the pointer or the focus rests on a link to its page.
//
// Load it on any page with hover.css and the template hover-words.html.  It works on links to /TREE/ident/NAME and on
// `a[data-ident]`; what stands inside of `[data-path="FILE"]` is read as that file reads it.  A card stays while the
// pointer is over the link or the card; Escape takes it away.

import { address, api, element, onKey, root, tree, words } from "./site.js";

const LATER = 300; // milliseconds until a card comes
const LINGER = 250; // and until it goes
const MOST_KEPT = 500;

const said = {
  label: "What {name} is", go: "Go to the definition of the identifier", here: "defined in this file",
  included: "in a header that this file includes", linked: "by linking", elsewhere: "elsewhere; this file does not see it",
  likeliest: "the likeliest", alike: "one of {n} that are as likely", others: "definitions in all:",
  made: "made by the macro", condition: "under", failed: "That could not be asked:", ...words.card,
};
const pages = `${root}${encodeURIComponent(tree)}/ident/`;
const known = new Map();

/** The name that a link is of, null for any other link. */
function nameOf(link) {
  if (link.dataset.ident) return link.dataset.ident;
  if (!tree || link.origin !== location.origin || !link.pathname.startsWith(pages)) return null;
  return decodeURIComponent(link.pathname.slice(pages.length));
}

function linkAt(target) {
  const link = target instanceof Element ? target.closest("a") : null;
  return link && !link.closest(".card") && nameOf(link) ? link : null;
}

function isMember(link) {
  const before = link.previousSibling?.textContent ?? "";
  return /(\.|->)\s*$/.test(before);
}

/** The record of a link's name, asked for once. */
function ask(link) {
  const at = link.closest("[data-path]")?.dataset ?? {};
  const given = { from: at.path, arch: at.arch, member: isMember(link) ? 1 : null };
  const key = JSON.stringify([nameOf(link), given]);
  if (!known.has(key)) {
    if (known.size >= MOST_KEPT) known.delete(known.keys().next().value);
    const asked = api([tree, "card", nameOf(link)], given);
    asked.catch(() => known.delete(key));
    known.set(key, asked);
  }
  return known.get(key);
}

const addressOf = ({ file, line, end_line: end }) =>
  `${address([tree, "source", file])}#L${line}${end > line ? `-L${end}` : ""}`;

function contents({ definition, seen, comment, kinds, alike }) {
  const count = Object.values(kinds).reduce((sum, each) => sum + each, 0);
  const listed = Object.entries(kinds).map(([kind, number]) => `${number} ${kind}`).join(", ");
  const about = [said[seen]];
  if (alike > 1) about.push(said.alike.replace("{n}", alike));
  if (definition.macro) about.push(`${said.made} ${definition.macro}`);
  if (definition.condition) about.push(`${said.condition} ${definition.condition}`);
  return [
    element(
      "p",
      { class: "head" },
      element("b", {}, definition.name),
      element("span", { class: "kind" }, `${definition.static ? "static " : ""}${definition.kind}`),
      element("a", { href: addressOf(definition) }, `${definition.file}:${definition.line}`),
    ),
    definition.signature !== definition.name && element("pre", { class: "signature" }, definition.signature),
    comment && element("div", { class: "comment" }, comment),
    element("p", { class: "quiet" }, about.join(" · ")),
    count > 1 ? element("p", { class: "quiet" }, `${said.others} ${listed}`) : null,
  ].filter(Boolean);
}

/** Put a box that is in the top layer beside an element: below it, or above where there is more room. */
export function place(box, beside) {
  const at = beside.getClientRects()[0] ?? beside.getBoundingClientRect();
  const width = box.offsetWidth;
  const height = box.offsetHeight;
  const below = window.innerHeight - at.bottom;
  const top = below >= height + 8 || below >= at.top ? at.bottom + 4 : at.top - height - 4;
  box.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - width - 8))}px`;
  box.style.top = `${Math.max(8, Math.min(top, window.innerHeight - height - 8))}px`;
}

// -- one card at a time ---------------------------------------------------------------------------------

const card = element("div", { class: "card", id: "card", popover: "manual", role: "note" });
document.body.append(card);
let shownFor = null;
let timer = 0;

function later(action, delay) {
  clearTimeout(timer);
  timer = setTimeout(action, delay);
}

async function show(link) {
  let inside;
  try {
    inside = contents(await ask(link));
  } catch (error) {
    inside = [element("p", {}, `${said.failed} ${error.message}`)];
  }
  if (wanted !== link || !link.isConnected) return;
  shownFor?.removeAttribute("aria-describedby");
  shownFor = link;
  card.replaceChildren(...inside);
  card.setAttribute("aria-label", said.label.replace("{name}", nameOf(link)));
  card.showPopover();
  card.scrollTop = 0;
  place(card, link);
  link.setAttribute("aria-describedby", "card");
}

function hide() {
  clearTimeout(timer);
  wanted = null;
  shownFor?.removeAttribute("aria-describedby");
  shownFor = null;
  if (card.matches(":popover-open")) card.hidePopover();
}

let wanted = null;

function want(link) {
  if (link === shownFor) {
    clearTimeout(timer);
    return;
  }
  wanted = link;
  later(() => show(link), LATER);
}

document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  if (card.contains(event.target)) clearTimeout(timer);
  else {
    const link = linkAt(event.target);
    if (link) want(link);
    else if (shownFor) later(hide, LINGER);
    else hide();
  }
});
document.addEventListener("focusin", (event) => {
  const link = event.target.matches(":focus-visible") ? linkAt(event.target) : null;
  if (link) want(link);
  else if (!card.contains(event.target)) hide();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && card.matches(":popover-open")) hide();
});
document.addEventListener("scroll", (event) => { if (!card.contains(event.target)) hide(); }, { passive: true, capture: true });
document.addEventListener("pointerdown", (event) => { if (!card.contains(event.target)) hide(); });

onKey("d", said.go, async () => {
  const link = shownFor ?? linkAt(document.activeElement) ?? [...document.querySelectorAll("a:hover")].map(linkAt).find(Boolean);
  if (!link) return;
  const record = await ask(link).catch(() => null);
  location.assign(record ? addressOf(record.definition) : link.href);
});
