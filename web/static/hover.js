// Cards: what an identifier means, shown where the pointer or the focus rests on a link to its page.
//
// Load it on any page with hover.css and the template hover-words.html.  It works on links to /TREE/ident/NAME and on
// `a[data-ident]`; what stands inside of `[data-path="FILE"]` is read as that file reads it.  A card stays while the
// pointer is over the link or the card; Escape takes it away.  By keys, i goes into the card, where Tab goes through its
// links; Escape, and Tab from the last of them, come back to the identifier.

import { address, api, element, onKey, root, tree, words } from "./site.js";

const LATER = 300; // milliseconds until a card comes
const LINGER = 250; // and until it goes
const MOST_KEPT = 500;

const said = {
  label: "What {name} is", go: "Go to the definition of the identifier", into: "Into the card of the identifier; Escape comes back",
  keys: "{i} into this card · {d} to the definition", here: "defined in this file",
  included: "in a header that this file includes", linked: "by linking", elsewhere: "elsewhere; this file does not see it",
  likeliest: "the likeliest", alike: "one of {n} that are as likely", others: "definitions in all:",
  in: "in", stored: "functions stored in it:", called: "calls through it:",
  unknown: "The type of what stands before it is not known. It can be a member of", more: "and {n} more",
  only: "The type of what stands before it is not known; the only struct that has it:",
  made: "made by the macro", condition: "under", failed: "That could not be asked:", ...words.card,
};
const pages = `${root}${encodeURIComponent(tree)}/ident/`;
const known = new Map();

/** The name that a link is of, null for any other link. */
function nameOf(link) {
  if (link.dataset.ident) return link.dataset.ident;
  if (!tree || link.origin !== location.origin || !link.pathname.startsWith(pages)) return null;
  if (link.pathname === location.pathname) return null; // other lists of the name that the page is about
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

/** Line and column of a name that may be a member's: which struct's, its place decides. */
function placeOf(link, latin) {
  const behind = link.nextSibling?.textContent ?? "";
  if (!isMember(link) && !link.classList.contains("d") && !/^\s*:/.test(behind)) return null;
  let before = "";
  let node = link.previousSibling;
  for (; node && !node.dataset?.n; node = node.previousSibling) before = node.textContent + before;
  const line = node?.dataset.n ?? link.parentElement.dataset.line;
  if (!line) return null;
  return { line, column: 1 + (latin ? before.length : new TextEncoder().encode(before).length) };
}

/** The record of a link's name, asked for once. */
function ask(link) {
  const at = link.closest("[data-path]")?.dataset ?? { path: Object.fromEntries(new URLSearchParams(link.search)).from };
  const place = at.path ? placeOf(link, "latin" in at) : null;
  const given = { from: at.path, arch: at.arch, member: !place && isMember(link) ? 1 : null, ...place };
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

/** What a member is in, and what is stored in it; or in which structs it may be. */
function memberOf(name, { struct, candidates, total, stores, calls, slot }) {
  if (!struct) {
    const listed = candidates.flatMap((each) => [
      " ", element("a", { href: addressOf({ ...each, end_line: each.line }) }, each.struct || `${each.file}:${each.line}`),
    ]);
    if (total === 1) return element("p", { class: "may" }, said.only, ...listed);
    const more = total > candidates.length ? ` ${said.more.replace("{n}", total - candidates.length)}` : "";
    return element("p", { class: "may" }, `${said.unknown}`, ...listed, more);
  }
  if (!stores && !calls) return null;
  const all = stores && element("a", { href: address([tree, "ident", name], { list: "stores", struct: slot }) }, `${said.stored} ${stores}`);
  return element("p", {}, ...[all, stores && calls ? " · " : "", calls ? `${said.called} ${calls}` : ""].filter(Boolean));
}

function contents({ definition, seen, comment, kinds, alike, member }) {
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
      member?.struct && element("span", {}, `${said.in} `, element("code", {}, member.struct)),
      element("a", { href: addressOf(definition) }, `${definition.file}:${definition.line}`),
    ),
    definition.signature !== definition.name && element("pre", { class: "signature" }, definition.signature),
    comment && element("div", { class: "comment" }, comment),
    member && memberOf(definition.name, member),
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

const card = element("div", { class: "card", id: "card", popover: "manual", role: "note", tabindex: -1 });
document.body.append(card);
const entered = () => card.contains(document.activeElement);

/** The keys that a card has, for who came to it by keys. */
function hint() {
  const parts = said.keys.split(/\{(\w)\}/).map((part, place) => (place % 2 ? element("kbd", {}, part) : part));
  return element("p", { class: "quiet keys-of-card" }, ...parts);
}
let shownFor = null;
let returning = false;
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
  if (wanted !== link || !(link.matches(":hover") || link === document.activeElement)) return;
  leave();
  shownFor = link;
  card.replaceChildren(...inside);
  if (link.matches(":focus-visible")) card.append(hint());
  card.setAttribute("aria-label", said.label.replace("{name}", nameOf(link)));
  card.showPopover();
  card.scrollTop = 0;
  place(card, link);
  link.setAttribute("aria-describedby", "card");
  link.setAttribute("aria-keyshortcuts", "i d");
}

/** The identifier whose card it was is a link like others again; the focus, if the card had it, goes back there. */
function leave() {
  if (entered()) {
    returning = true; // or its card would come again
    shownFor?.focus({ preventScroll: true });
    returning = false;
  }
  card.setAttribute("role", "note");
  shownFor?.removeAttribute("aria-describedby");
  shownFor?.removeAttribute("aria-keyshortcuts");
  shownFor = null;
}

function hide() {
  clearTimeout(timer);
  wanted = null;
  leave();
  if (card.matches(":popover-open")) card.hidePopover();
}

/** The card of a link, with the focus in it: a dialog from then on, as a reader of screens says where the focus is. */
async function enter(link) {
  clearTimeout(timer);
  if (link !== shownFor) {
    wanted = link;
    await show(link);
  }
  if (link !== shownFor) return;
  card.setAttribute("role", "dialog");
  (card.querySelector("a") ?? card).focus({ preventScroll: true });
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
  if (event.pointerType === "touch" || entered()) return;
  if (card.contains(event.target)) clearTimeout(timer);
  else {
    const link = linkAt(event.target);
    if (link) want(link);
    else if (shownFor) later(hide, LINGER);
    else hide();
  }
});
document.addEventListener("focusin", (event) => {
  if (returning) return;
  const link = event.target.matches(":focus-visible") ? linkAt(event.target) : null;
  if (link) want(link);
  else if (!card.contains(event.target)) hide();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && card.matches(":popover-open")) hide();
  if (event.key !== "Tab" || !entered()) return;
  const links = [...card.querySelectorAll("a")];
  const end = event.shiftKey ? links[0] : links.at(-1);
  if (links.length && document.activeElement !== end && document.activeElement !== card) return;
  // the card stands at the end of the page: from its ends one comes back to where one was
  event.preventDefault();
  hide();
});
// what is under the pointer while the page moves is asked for when it rests
document.addEventListener("scroll", (event) => { if (shownFor && !entered() && !card.contains(event.target)) hide(); }, { passive: true, capture: true });
document.addEventListener("pointerdown", (event) => { if (!card.contains(event.target)) hide(); });

/** The identifier that is meant: the one with a card, with the focus, or under the pointer. */
const meant = () => shownFor ?? linkAt(document.activeElement) ?? [...document.querySelectorAll("a:hover")].map(linkAt).find(Boolean);

onKey("i", said.into, () => {
  const link = meant();
  if (link && !entered()) enter(link);
});
onKey("d", said.go, async () => {
  const link = meant();
  if (!link) return;
  const record = await ask(link).catch(() => null);
  location.assign(record ? addressOf(record.definition) : link.href);
});
