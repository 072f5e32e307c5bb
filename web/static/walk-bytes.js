// The bytes of a packet: a field pointed at, among the bytes or in the list, is marked in both.

/** Watches a panel, whatever is put into it later. */
export function watchBytes(panel) {
  const mark = (field) => {
    for (const each of panel.querySelectorAll(".pointed")) each.classList.remove("pointed");
    if (field === undefined) return;
    for (const each of panel.querySelectorAll(`[data-f="${field}"]`)) each.classList.add("pointed");
  };
  panel.addEventListener("pointerover", (event) => {
    const at = event.target.closest("[data-f]");
    mark(at?.dataset.f);
    // the list follows what is pointed at among the bytes
    if (at?.closest(".dump")) panel.querySelector(`.fields [data-f="${at.dataset.f}"]`)?.scrollIntoView({ block: "nearest" });
  });
  panel.addEventListener("pointerleave", () => mark(undefined));

  // by keys: arrows in the list of fields
  panel.addEventListener("keydown", (event) => {
    const list = event.target.closest(".fields");
    if (!list || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    const now = Number(list.querySelector(".pointed")?.dataset.f ?? -1);
    const next = Math.max(0, Math.min(list.children.length - 1, now + (event.key === "ArrowDown" ? 1 : -1)));
    mark(String(next));
    list.children[next].scrollIntoView({ block: "nearest" });
  });
  panel.addEventListener("focusin", (event) => {
    if (event.target.matches(".fields") && !panel.querySelector(".pointed")) mark("0");
  });
}
