// Explore: keys, clicks on the photo, and what is said when a region is chosen. All of it works by links without this.

// Going back in the history replaces the page's content, so nothing of it is kept here.
const root = () => document.querySelector("main.explore");
const shortcuts = document.body.dataset.shortcuts !== "off";
let focusAfterSwap = false;

const chips = () => [...root().querySelectorAll(".regs a[data-region]")];
const entries = () => [...root().querySelectorAll(".thumbs a[data-entry]")];
const isCurrent = (link) => link.hasAttribute("aria-current");

function step(links, by) {
  const here = links.findIndex(isCurrent);
  const next = links[here + by];
  if (next) next.click();
  return Boolean(next);
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

// Up and Down scroll where somebody reads; elsewhere they go through the regions like Left and Right.
const isReading = (target) => target.closest(".side, .thumbs") !== null;

const KEYS = {
  ArrowRight: () => step(chips(), 1),
  ArrowLeft: () => step(chips(), -1),
  ArrowDown: (target) => !isReading(target) && step(chips(), 1),
  ArrowUp: (target) => !isReading(target) && step(chips(), -1),
  "]": () => step(entries(), 1),
  "[": () => step(entries(), -1),
};

document.addEventListener("keydown", (event) => {
  if (!shortcuts || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (isTyping(event.target)) return;
  if (event.key === "v" || event.key === "V") {
    root().classList.add("unmarked"); // hold V: the photo without marks
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  focusAfterSwap = !isReading(event.target);
  if (act(event.target)) event.preventDefault();
});

document.addEventListener("keyup", (event) => {
  if (event.key === "v" || event.key === "V") root().classList.remove("unmarked");
});
window.addEventListener("blur", () => root().classList.remove("unmarked"));

document.addEventListener("click", (event) => {
  const hit = event.target.closest("[data-hit]");
  if (hit) root().querySelector(`.regs a[data-region="${hit.dataset.hit}"]`)?.click();
  const entry = event.target.closest("a[data-entry]");
  if (!entry || event.ctrlKey || event.metaKey || event.shiftKey) return;
  for (const other of entries()) other.removeAttribute("aria-current");
  entry.setAttribute("aria-current", "true");
  entry.scrollIntoView({ block: "nearest", inline: "nearest" });
});

// A filter works at once. Only the results change, never the page around them.
document.addEventListener("change", (event) => {
  if (event.target.matches(".filters select")) event.target.form.requestSubmit();
});

document.addEventListener("htmx:afterSwap", (event) => {
  const swapped = event.detail.target?.id;
  if (swapped !== "detail" && swapped !== "results") return;
  const detail = document.getElementById("detail");
  document.getElementById("said").textContent = detail?.dataset.said?.trim() ?? "";
  const current = root().querySelector(".regs a[aria-current]");
  if (focusAfterSwap && swapped === "detail") current?.focus({ preventScroll: true });
  current?.scrollIntoView({ block: "nearest" });
  focusAfterSwap = false;
  watchPhoto();
});

// A photo that does not load says why, in the server's own words. An <image> in SVG does not tell whether it failed
// before this file was loaded, so the address is tried once more, which the browser answers from its cache.
function watchPhoto() {
  const image = root()?.querySelector(".stage image");
  if (!image) return;
  const probe = new Image();
  probe.addEventListener("error", () => explain(image));
  probe.src = image.href.baseVal;
}

async function explain(image) {
  const place = image.closest(".stage").querySelector(".broken");
  const reason = await fetch(image.href.baseVal, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? null : answer.json()))
    .then((answer) => answer?.error?.message)
    .catch(() => document.body.dataset.offline);
  place.querySelector("[data-reason]").textContent = reason ?? place.dataset.unreadable;
  place.hidden = false;
}

watchPhoto();
