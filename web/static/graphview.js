// A picture of calls in a page: fetched as SVG, then zoomed, dragged, pinched, walked by keys; a function followed.

import { element, onKey, words } from "./site.js";

const STEP = 1.3;
const CLOSEST = 60; // units of the picture across the canvas at the least

/** Makes a canvas (`<div data-graph="address">`) show its picture, with the controls beside it. */
export async function show(canvas) {
  const section = canvas.closest(".graph");
  const picked = section.querySelector(".picked");
  let svg;
  try {
    const response = await fetch(canvas.dataset.graph);
    const text = await response.text();
    if (!response.ok) throw new Error(new DOMParser().parseFromString(text, "text/html").querySelector(".error")?.textContent ?? response.statusText);
    svg = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
    if (response.headers.get("X-Nodes") === "0") picked.textContent = words.empty;
    if (response.headers.get("X-Cut") === "1") section.querySelector(".bar").after(element("p", { class: "quiet" }, words.cut));
  } catch (error) {
    picked.textContent = `${words.failed} ${error.message}`;
    return;
  }
  canvas.replaceChildren(svg);
  section.querySelector(".zoom").hidden = false;
  const view = new View(canvas, svg);
  const act = { in: () => view.zoom(1 / STEP), out: () => view.zoom(STEP), fit: () => view.fit() };
  section.querySelector(".zoom").addEventListener("click", (event) => act[event.target.closest("[data-do]")?.dataset.do]?.());
  onKey("+", words.zoomIn, act.in);
  onKey("-", words.zoomOut, act.out);
  onKey("0", words.fit, act.fit);
  follow(view, svg, picked);
}

/** What part of a picture is seen, and the ways to change it. */
class View {
  constructor(canvas, svg) {
    this.canvas = canvas;
    this.svg = svg;
    const [x, y, width, height] = svg.getAttribute("viewBox").split(/[\s,]+/).map(Number);
    this.whole = { x, y, width, height };
    this.start();
    this.pointers = new Map();
    svg.addEventListener("pointerdown", (event) => this.down(event));
    svg.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, (event) => this.up(event));
    svg.addEventListener("click", (event) => this.moved && (event.preventDefault(), event.stopImmediatePropagation()), true);
    // a wheel scrolls the page; with Ctrl (a pinch on a touchpad), or when the graph has the focus, it zooms
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** The whole picture if it is legible so; else its start at a size that can be read. */
  start() {
    this.fit();
    const across = this.canvas.clientWidth || 1;
    if (this.box.width / across <= 1.6) return;
    const node = this.svg.querySelector(".node.start");
    this.box.width = this.box.height = across * 1.15;
    this.draw();
    if (!node) return;
    this.centre(node);
    // a start at an edge of the picture leaves no half of the canvas empty
    const inside = (at, from, size, seen) => (size < seen ? from + size / 2 : Math.min(Math.max(at, from + seen / 2), from + size - seen / 2));
    const { x, y, width, height } = this.whole;
    this.box.x = inside(this.box.x, x, width, this.box.width);
    this.box.y = inside(this.box.y, y, height, (this.box.width * (this.canvas.clientHeight || 1)) / across);
    this.draw();
  }

  fit() {
    const { x, y, width, height } = this.whole;
    const least = this.canvas.clientWidth * 0.75;
    this.box = { x: x + width / 2, y: y + height / 2, width: Math.max(width, least), height };
    this.draw();
  }

  /** `box` is the centre, and how many units fit across; the height follows the canvas, and must hold the picture. */
  draw() {
    const ratio = (this.canvas.clientHeight || 1) / (this.canvas.clientWidth || 1);
    if (this.box.height && this.box.width * ratio < this.box.height && this.box.height === this.whole.height) this.box.width = this.box.height / ratio;
    const { x, y, width } = this.box;
    const height = width * ratio;
    this.svg.setAttribute("viewBox", `${x - width / 2} ${y - height / 2} ${width} ${height}`);
  }

  zoom(factor, at = this.box) {
    const most = Math.max(this.whole.width, this.whole.height) * 4 + 400;
    const width = Math.min(Math.max(this.box.width * factor, CLOSEST), most);
    const real = width / this.box.width;
    this.box = { x: at.x + (this.box.x - at.x) * real, y: at.y + (this.box.y - at.y) * real, width, height: 0 };
    this.draw();
  }

  pan(x, y) {
    this.box.x += x;
    this.box.y += y;
    this.box.height = 0;
    this.draw();
  }

  centre(node) {
    const frame = node.getBBox();
    const matrix = this.svg.getScreenCTM().inverse().multiply(node.getScreenCTM());
    const point = new DOMPoint(frame.x + frame.width / 2, frame.y + frame.height / 2).matrixTransform(matrix);
    this.pan(point.x - this.box.x, point.y - this.box.y);
  }

  at(event) {
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
  }

  scale() {
    return this.box.width / (this.canvas.clientWidth || 1);
  }

  wheel(event) {
    if (!event.ctrlKey && !this.canvas.contains(document.activeElement)) return;
    event.preventDefault();
    this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * (event.ctrlKey ? 0.012 : 0.004)), this.at(event));
  }

  down(event) {
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.pointers.size === 1) this.moved = false;
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (!this.moved && Math.hypot(now.x - before.x, now.y - before.y) < 4) return;
    if (!this.moved) {
      this.moved = true;
      this.svg.setPointerCapture(event.pointerId);
      this.svg.classList.add("held");
    }
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const factor = Math.hypot(before.x - other.x, before.y - other.y) / (Math.hypot(now.x - other.x, now.y - other.y) || 1);
      this.zoom(factor, this.at({ clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 }));
    }
    const share = this.scale() / this.pointers.size;
    this.pan((before.x - now.x) * share, (before.y - now.y) * share);
    this.pointers.set(event.pointerId, now);
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (!this.pointers.size) this.svg.classList.remove("held");
  }

  key(event) {
    const by = this.box.width / 8;
    const moves = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] };
    if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.pan(...moves[event.key]);
  }
}

/** A function that is clicked, or has the focus, is centred and described; clicked again (or by Enter) it is opened. */
function follow(view, svg, picked) {
  let chosen = null;
  const edges = [...svg.querySelectorAll(".edge")];
  const choose = (node) => {
    chosen?.classList.remove("chosen");
    for (const each of edges) each.classList.remove("of-chosen");
    chosen = node;
    node.classList.add("chosen");
    const link = node.querySelector("a");
    const [name, ...about] = node.querySelector("title").textContent.split("\n");
    picked.replaceChildren(
      element("b", {}, name.split("@")[0]),
      element("a", { class: "open", href: link.getAttribute("href") ?? link.getAttribute("xlink:href") }, words.open),
      element("span", { class: "quiet" }, about.join(" ").replace(/\+([\d,]+)$/, `– ${words.hidden}: $1`)),
    );
    view.centre(node);
  };
  for (const node of svg.querySelectorAll(".node")) {
    if (/\n\+[\d,]+$/.test(node.querySelector("title").textContent)) node.classList.add("more");
    node.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || node === chosen || event.detail === 0) return;
      event.preventDefault();
      choose(node);
    });
  }
  // on the canvas: an SVG element that listens for focus can have it, and would be a stop of its own
  view.canvas.addEventListener("focusin", (event) => {
    const node = event.target.closest(".node");
    if (node && node !== chosen && event.target.matches(":focus-visible")) choose(node);
  });
  for (const edge of edges) {
    edge.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || edge.classList.contains("of-chosen")) return;
      event.preventDefault();
      for (const each of edges) each.classList.toggle("of-chosen", each === edge);
      const link = edge.querySelector("a");
      const lines = edge.querySelector("title").textContent.split("\n");
      picked.replaceChildren(
        element("a", { class: "open", href: link.getAttribute("xlink:href") }, words.open),
        element("ul", {}, ...lines.map((line) => element("li", {}, line))),
      );
    });
  }
}
