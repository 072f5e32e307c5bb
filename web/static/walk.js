// A walkthrough, stepped without loading the page: keys, buttons, the slider, and playing.  The address follows.

import { onKey, words } from "./site.js";
import { watchBytes } from "./walk-bytes.js";
import { body, center, figures, mark, show, tabs } from "./walk-panels.js";
import { Steps } from "./walk-steps.js";

const controls = document.getElementById("controls");
const play = document.getElementById("play");
const scrub = document.getElementById("scrub");
const speed = document.getElementById("speed");
const here = document.getElementById("here");
const count = Number(controls.dataset.steps);
const given = Object.fromEntries([...new URLSearchParams(location.search)].filter(([name]) => !["step", "to", "function", "missed", "steps"].includes(name)));
const steps = new Steps(controls.dataset.scenario, count, given);

// the step that is shown; without its panels until it has been fetched
let now = { n: Number(controls.dataset.start) };
let wanted = now.n;
let playing = null;
let addressed = null;
let moves = Promise.resolve();

function href(n) {
  const query = new URLSearchParams({ ...given, step: n });
  return `${location.pathname}?${query}`;
}

/** Show step n.  Of steps asked for while one is on its way, only the last is shown. */
async function go(n) {
  wanted = Math.max(0, Math.min(count - 1, n));
  const asked = wanted;
  position(asked);
  try {
    const step = await steps.at(asked);
    if (asked !== wanted) return;
    now = step;
    show(step);
    links(step);
    // browsers refuse more than some twenty changes a second
    clearTimeout(addressed);
    addressed = setTimeout(() => history.replaceState(null, "", href(now.n)), 120);
    say("");
    steps.ahead(step.n);
  } catch (error) {
    stop();
    say(error.message);
  }
}

function say(text) {
  let box = document.querySelector(".missed");
  if (!box && !text) return;
  if (!box) {
    box = document.createElement("p");
    box.className = "missed";
    box.setAttribute("role", "status");
    controls.before(box);
  }
  box.textContent = text;
  box.hidden = !text;
}

function position(n) {
  document.getElementById("step-number").textContent = n.toLocaleString("en");
  scrub.value = n;
  const x = `${((n / count) * 100).toFixed(3)}%`;
  here.setAttribute("x1", x);
  here.setAttribute("x2", x);
}

function links(step) {
  for (const each of controls.querySelectorAll("[data-go]")) {
    const to = step.to[each.dataset.go];
    each.dataset.n = to ?? step.n;
    each.href = href(to ?? step.n);
    if (to === null) each.setAttribute("aria-disabled", "true");
    else each.removeAttribute("aria-disabled");
  }
  for (const each of document.querySelectorAll('#jumps [name="step"]')) each.value = step.n;
  const json = document.getElementById("this-step");
  const address = new URL(json.href);
  address.searchParams.set("steps", step.n);
  json.href = address;
}

/** Take a step from where the ones asked for before lead: a key pressed faster than steps come counts as often as it is. */
function move(which) {
  moves = moves.then(async () => {
    const from = now.to && now.n === wanted ? now : await steps.at(wanted);
    const to = from.to[which];
    if (to !== null && to !== undefined) await go(to);
  }).catch((error) => say(error.message));
  return moves;
}

async function jump(what) {
  const found = await steps.find(wanted, what);
  if (found === null) say(words.missed.replace("{what}", what.to ? words[what.to] : what.function));
  else await go(found);
}

function stop() {
  clearTimeout(playing);
  playing = null;
  play.setAttribute("aria-pressed", "false");
  play.title = words.play;
  body("caption").setAttribute("aria-live", "polite");
  play.firstElementChild.textContent = "▷";
  play.lastElementChild.textContent = words.play;
}

async function tick() {
  const began = performance.now();
  if (now.n >= count - 1) return stop();
  await go(now.n + 1);
  if (playing !== null) playing = setTimeout(tick, Math.max(0, 1000 / Number(speed.value) - (performance.now() - began)));
}

function toggle() {
  if (playing !== null) return stop();
  play.setAttribute("aria-pressed", "true");
  play.title = words.pause;
  body("caption").setAttribute("aria-live", "off");
  play.firstElementChild.textContent = "❚❚";
  play.lastElementChild.textContent = words.pause;
  playing = setTimeout(tick, 0);
}

// every link to a step of this run, wherever it is
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-n]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (!link.closest("#main") || link.closest(".excerpt")) return;
  event.preventDefault();
  stop();
  if (link.dataset.go) move(link.dataset.go);
  else go(Number(link.dataset.n));
});
play.addEventListener("click", toggle);
scrub.addEventListener("input", () => {
  stop();
  go(Number(scrub.value));
});
document.querySelector(".profile").addEventListener("click", (event) => {
  const box = event.currentTarget.getBoundingClientRect();
  go(Math.floor(((event.clientX - box.left) / box.width) * count));
});
document.getElementById("jumps").addEventListener("submit", (event) => {
  event.preventDefault();
  stop();
  const name = event.target.elements.function?.value.trim();
  if (name) jump({ function: name });
  else if (event.submitter?.name === "to") jump({ to: event.submitter.value });
});
// only what differs from the scenario's own goes into the address
document.getElementById("options").addEventListener("submit", (event) => {
  for (const field of event.target.elements) {
    const own = field.tagName === "SELECT" ? [...field.options].find((each) => each.defaultSelected)?.value : field.defaultValue;
    field.disabled = Boolean(field.name) && field.name !== "scenario" && field.value === own && !(field.name in given);
  }
});

const step = (one, over) => (event) => {
  stop();
  move(event.shiftKey ? over : one);
};
onKey("ArrowRight", `${words.next} (${words.arrows})`, step("next", "over"));
onKey("ArrowLeft", words.back, step("back", "over_back"));
onKey("o", words.out, () => move("out"));
onKey(" ", words.play, toggle);
onKey("e", words.event, () => jump({ to: "event" }));
onKey("s", words.segment, () => jump({ to: "segment" }));
onKey("c", words.call, () => jump({ to: "call" }));
onKey("Home", words.first, () => go(0));
onKey("End", words.last, () => go(count - 1));
figures();

for (const each of [play, scrub, speed.parentElement]) each.hidden = false;
watchBytes(body("bytes"));
tabs();
center();
steps.at(now.n).then(
  (first) => {
    if (first.n !== wanted) return;
    now = first;
    mark(first.n, first.segment);
  },
  (error) => say(error.message),
);
window.addEventListener("pageshow", () => position(wanted));
