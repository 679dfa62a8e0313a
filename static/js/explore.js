// Explore: keys, clicks on the photo, and what is said when a region is chosen. All of it works by links without this.

const main = document.querySelector("main.explore");
const shortcuts = document.body.dataset.shortcuts !== "off";
let focusAfterSwap = false;

const chips = () => [...main.querySelectorAll(".regs a[data-region]")];
const entries = () => [...main.querySelectorAll(".thumbs a[data-entry]")];
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
    main.classList.add("unmarked"); // hold V: the photo without marks
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  focusAfterSwap = !isReading(event.target);
  if (act(event.target)) event.preventDefault();
});

document.addEventListener("keyup", (event) => {
  if (event.key === "v" || event.key === "V") main.classList.remove("unmarked");
});
window.addEventListener("blur", () => main.classList.remove("unmarked"));

main.addEventListener("click", (event) => {
  const hit = event.target.closest("[data-hit]");
  if (hit) main.querySelector(`.regs a[data-region="${hit.dataset.hit}"]`)?.click();
  const entry = event.target.closest("a[data-entry]");
  if (!entry || event.ctrlKey || event.metaKey || event.shiftKey) return;
  for (const other of entries()) other.removeAttribute("aria-current");
  entry.setAttribute("aria-current", "true");
  entry.scrollIntoView({ block: "nearest", inline: "nearest" });
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "detail" && event.detail.target.id !== "results") return;
  const detail = document.getElementById("detail");
  document.getElementById("said").textContent = detail?.dataset.said?.trim() ?? "";
  const current = main.querySelector(".regs a[aria-current]");
  if (focusAfterSwap && event.detail.target.id === "detail") current?.focus({ preventScroll: true });
  current?.scrollIntoView({ block: "nearest" });
  focusAfterSwap = false;
});

// A photo that does not load says why, in the server's own words.
main.addEventListener(
  "error",
  async (event) => {
    if (event.target.tagName?.toLowerCase() !== "image" || !event.target.closest(".stage")) return;
    const place = event.target.closest(".stage").querySelector(".broken");
    place.hidden = false;
    const reason = await fetch(event.target.href.baseVal, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? null : answer.json()))
      .then((answer) => answer?.error?.message)
      .catch(() => document.body.dataset.offline);
    place.querySelector("[data-reason]").textContent = reason ?? place.dataset.unreadable;
  },
  true,
);
