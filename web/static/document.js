// The document's page: the claims are filtered as one types, and the picture shows which step is being read.

import { onKey, words } from "./site.js";

const form = document.querySelector("#claims .filters");
const counts = document.querySelector("#claims .counts");
const none = document.querySelector("#claims .none");
const total = Number(counts.dataset.total);

// -- the filter -----------------------------------------------------------------------------------------

let claims = read(document);

/** The claims of a page, each with what it is filtered by. */
function read(page) {
  return [...page.querySelectorAll(".claims > li")].map((item) => ({
    item,
    verdict: item.dataset.verdict,
    section: item.dataset.section,
    says: `${item.dataset.n} ${item.querySelector(".said > span").textContent} ${item.querySelector(".why").textContent}`.toLowerCase(),
  }));
}

/** The claims that the server left out, because the address had a filter, are fetched once. */
async function complete() {
  if (claims.length === total) return;
  const answer = await fetch(form.getAttribute("action"));
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelectorAll("#claims .part").forEach((each) => each.remove());
  document.querySelector("#claims").append(...page.querySelectorAll("#claims .part"));
  claims = read(document);
}

function given() {
  const values = Object.fromEntries(new FormData(form));
  return { verdict: values.verdict, section: values.section, q: values.q.trim() };
}

async function filter() {
  try {
    await complete();
  } catch {
    form.submit();
    return;
  }
  const { verdict, section, q } = given();
  const sought = q.toLowerCase().split(/\s+/).filter(Boolean);
  const left = { "": 0 };
  let shown = 0;
  for (const each of claims) {
    const about = (!section || each.section === section) && sought.every((word) => each.says.includes(word));
    if (about) {
      left[""] += 1;
      left[each.verdict] = (left[each.verdict] ?? 0) + 1;
    }
    each.item.hidden = !(about && (!verdict || each.verdict === verdict));
    shown += !each.item.hidden;
  }
  for (const part of document.querySelectorAll("#claims .part")) part.hidden = !part.querySelector(".claims > li:not([hidden])");
  none.hidden = shown > 0;
  for (const link of counts.querySelectorAll("a")) {
    link.querySelector("b").textContent = left[link.dataset.verdict] ?? 0;
    if (link.dataset.verdict === verdict) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    link.href = addressOf({ verdict: link.dataset.verdict, section, q });
  }
  history.replaceState(null, "", addressOf({ verdict, section, q }));
}

/** This page under a filter; the language stays where the address asks for it. */
function addressOf(filters) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(filters)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  return `${location.pathname}${query.size ? `?${query}` : ""}#claims`;
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});
counts.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  form.elements.verdict.value = link.dataset.verdict;
  filter();
});
none.querySelector("a").addEventListener("click", (event) => {
  event.preventDefault();
  form.elements.verdict.value = form.elements.section.value = form.elements.q.value = "";
  filter();
});
onKey("f", words.filterClaims, () => {
  form.elements.q.focus();
  form.elements.q.select();
});

// -- what a link leads to ---------------------------------------------------------------------------------

/** Open what the address points into; a claim that a filter hides is shown again. */
async function arrive() {
  const id = decodeURIComponent(location.hash.slice(1));
  if (/^claim-\d+$/.test(id) && (!document.getElementById(id) || document.getElementById(id).closest("[hidden]"))) {
    for (const name of ["verdict", "section", "q"]) form.elements[name].value = "";
    await filter();
    history.replaceState(null, "", `${location.pathname}${location.search}#${id}`);
    location.replace(`#${id}`);
  }
  const target = document.getElementById(id);
  target?.closest("details")?.setAttribute("open", "");
  target?.scrollIntoView({ block: "start" });
}
addEventListener("hashchange", arrive);
if (location.hash.length > 1) arrive();

// -- the picture and the steps ------------------------------------------------------------------------------

const nodes = new Map([...document.querySelectorAll(".node")].map((each) => [each.dataset.step, each]));
const steps = [...document.querySelectorAll(".step")];
let here = null;

/** The step that is read is the last that has begun above a third of the window. */
function follow() {
  const line = innerHeight / 3;
  const reading = steps.filter((each) => each.getBoundingClientRect().top < line).at(-1) ?? null;
  if (reading === here) return;
  for (const [step, add] of [[here, false], [reading, true]]) {
    step?.classList.toggle("here", add);
    nodes.get(step?.id.slice("step-".length))?.classList.toggle("here", add);
  }
  here = reading;
}
let waiting = false;
addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    follow();
  });
}, { passive: true });

// -- print ----------------------------------------------------------------------------------------------

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.link:not([open]), details.more:not(.asked):not([open])")];
  for (const each of opened) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of opened) each.open = false;
});
