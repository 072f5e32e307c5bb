// The steps of a run, fetched a window at a time and kept: where each leads, and the HTML of its panels.

import { api, tree } from "./site.js";

const WINDOW = 32;
const KEPT = 60;

/** Steps of one run; `given` are the options of the run as the address has them. */
export class Steps {
  constructor(scenario, count, given) {
    this.scenario = scenario;
    this.count = count;
    this.given = given;
    this.windows = new Map();
  }

  /** Step n as { n, kind, function, to, segment, events, panels: {name: html} }. */
  async at(n) {
    const place = Math.floor(n / WINDOW);
    const found = await this.window(place);
    return found[n - place * WINDOW];
  }

  /** Whether step n is there without asking. */
  has(n) {
    return this.windows.get(Math.floor(n / WINDOW)) instanceof Array;
  }

  /** Ask for the steps behind n, if they are few that are there. */
  ahead(n) {
    const next = Math.floor(n / WINDOW) + 1;
    if (n % WINDOW > WINDOW / 3 && next * WINDOW < this.count && !this.windows.has(next)) this.window(next).catch(() => {});
  }

  window(place) {
    const known = this.windows.get(place);
    if (known) return Promise.resolve(known);
    const asked = this.load(place).then(
      (records) => {
        this.windows.set(place, records);
        return records;
      },
      (error) => {
        this.windows.delete(place);
        throw error;
      },
    );
    this.windows.set(place, asked);
    if (this.windows.size > KEPT) this.windows.delete(this.windows.keys().next().value);
    return asked;
  }

  async load(place) {
    const first = place * WINDOW;
    const last = Math.min(first + WINDOW, this.count) - 1;
    const answer = await api([tree, "walk", this.scenario], { ...this.given, steps: `${first}-${last}`, panels: 1 });
    for (const record of answer.records) {
      for (const name of Object.keys(record.panels)) record.panels[name] = answer.html[record.panels[name]];
    }
    return answer.records;
  }

  /** The next step behind n that is `wanted` ({to: kind} or {function: name}); null where there is none. */
  async find(n, wanted) {
    return (await api([tree, "walk", this.scenario], { ...this.given, ...wanted, step: n })).n;
  }
}
