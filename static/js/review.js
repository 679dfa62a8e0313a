// A package under review: one item is current; A agrees, D disagrees and says why; each mark is saved at once.

import { Effort } from "./work/effort.js";
import { listenForKeys } from "./work/keys.js";
import { MarkedPhoto } from "./work/marks.js";
import { Messages } from "./work/messages.js";
import { Stage } from "./work/stage.js";
import { regionView, wholeView } from "./work/views.js";
import { Marks } from "./review/marks.js";
import { Reasons } from "./review/reasons.js";
import { Result } from "./review/result.js";

const byId = (id) => document.getElementById(id);
const setup = JSON.parse(byId("setup").textContent);
const messages = new Messages(setup.messages, setup.language);
const items = setup.items;
const cards = new Map(items.map((item) => [item.id, byId(`card-${item.id}`)]));
const effort = new Effort();
const small = new MarkedPhoto(byId("small"), "small", { dims: true });
const stage = new Stage({
  stage: byId("stage"),
  photo: byId("photo"),
  closeup: byId("closeup"),
  inset: byId("inset"),
  caption: byId("caption"),
  hideButton: byId("hide-marks"),
  messages,
});
const result = new Result({ setup, messages });
const marks = new Marks({ setup, messages, changed: paint });
const reasons = new Reasons({ setup, messages, save: (mark) => judge({ agrees: false, ...mark }), close: closeReasons });
const past = []; // items in the order in which they were judged here: what Z takes back

let current = 0;

function say(sentence) {
  byId("status").textContent = sentence;
}

// ---------- what is shown ----------

function saidOf(item) {
  const parts = [];
  const add = (label, words, wrong) => {
    if (!words.length) return;
    const bold = document.createElement("b");
    bold.textContent = words.join(", ");
    parts.push(document.createTextNode(`${parts.length ? " " : ""}${label} `), bold);
    if (wrong) bold.className = "is-wrong";
  };
  if (item.tags.length) {
    add(messages.say("right"), item.tags.filter((tag) => !item.rejected.includes(tag.id)).map((tag) => tag.text));
    add(messages.say("wrong"), item.tags.filter((tag) => item.rejected.includes(tag.id)).map((tag) => tag.text), true);
  } else {
    parts.push(document.createTextNode(cards.get(item.id).querySelector(".said").innerText));
  }
  return parts;
}

function show(place, { focus = true } = {}) {
  current = Math.max(0, Math.min(items.length - 1, place));
  const item = items[current];
  if (!item) return;
  for (const [id, card] of cards) {
    const isNow = id === item.id;
    card.classList.toggle("rc-now", isNow);
    const pick = card.querySelector(".pick");
    pick.tabIndex = isNow ? 0 : -1;
    if (isNow) pick.setAttribute("aria-current", "true");
    else pick.removeAttribute("aria-current");
  }
  for (const dot of byId("map").children) dot.classList.toggle("c-now", Number(dot.dataset.item) === item.id);
  const title = messages.say("item", { number: item.number });
  byId("now").textContent = title;
  byId("large-title").textContent = title;
  byId("said").replaceChildren(...saidOf(item));
  byId("large-said").replaceChildren(...saidOf(item));
  small.show(item);
  look();
  if (byId("large").open) stage.show(item);
  reasons.hide();
  paintButtons();
  if (!setup.open && item.mark.state === "disagree") reasons.show(item);
  const card = cards.get(item.id);
  card.scrollIntoView({ block: "nearest" });
  if (focus && !byId("large").open) card.querySelector(".pick").focus({ preventScroll: true });
}

function look() {
  const item = items[current];
  if (!item) return;
  const slot = { width: byId("small").clientWidth || 1, height: byId("small").clientHeight || 1 };
  const view = wholeView(item.image, slot);
  small.look(view, slot.width / view.width);
}

function paintButtons() {
  if (!setup.open) return;
  const state = items[current].mark.state;
  byId("agree").setAttribute("aria-pressed", String(state === "agree"));
  byId("disagree").setAttribute("aria-pressed", String(state === "disagree"));
  byId("disagree").setAttribute("aria-expanded", String(reasons.isOpen));
}

// Everything that follows from the marks: cards, map, figures, the button that closes.
function paint() {
  for (const item of items) {
    const { state } = item.mark;
    const card = cards.get(item.id);
    card.dataset.state = state;
    card.querySelector(".rc-state").textContent = `, ${messages.say(state || "none")}`;
    const why = card.querySelector(".why");
    why.textContent = state === "disagree" ? item.mark.note || reasons.labelOf(item.mark.reason) : "";
    why.hidden = !why.textContent;
    byId("map").querySelector(`[data-item="${item.id}"]`).dataset.state = state;
  }
  result.paint(items);
  if (!setup.open) return;
  const left = items.filter((item) => !item.mark.state).length;
  byId("left").textContent = left ? messages.say("left", { n: left }) : messages.say("complete");
  byId("close-button").setAttribute("aria-disabled", String(left > 0 || marks.unsaved > 0));
  byId("close-button").classList.toggle("btn-primary", left === 0);
  paintButtons();
}

// ---------- what an expert does ----------

function judge(mark) {
  const item = items[current];
  item.mark = {
    state: mark.agrees ? "agree" : "disagree",
    reason: mark.reason ?? "",
    rejected: mark.rejected ?? item.rejected,
    choice: mark.choice ?? item.choice,
    badBox: mark.bad_box ?? item.badBox,
    correction: mark.correction ?? "",
    note: mark.note ?? "",
  };
  past.push(item.id);
  marks.send(item.id, { ...mark, item: item.id, seconds: effort.take() });
  paint();
  const left = items.filter((other) => !other.mark.state).length;
  say(messages.say("announce", { number: item.number, state: messages.say(item.mark.state), left }));
  show(nextOpen(current));
}

// The next item that is not judged, else simply the next one.
function nextOpen(from) {
  for (let step = 1; step < items.length; step += 1) {
    const place = (from + step) % items.length;
    if (!items[place].mark.state) return place;
  }
  return Math.min(from + 1, items.length - 1);
}

function undo() {
  const id = past.pop();
  if (id === undefined) return;
  const place = items.findIndex((item) => item.id === id);
  items[place].mark = { state: "", reason: "", rejected: [], choice: "", badBox: false, correction: "", note: "" };
  marks.send(id, null);
  paint();
  show(place);
  say(messages.say("announce", { number: items[place].number, state: messages.say("none"), left: "" }));
}

function openReasons() {
  if (byId("large").open) byId("large").close();
  reasons.show(items[current]);
  paintButtons();
}

function closeReasons() {
  reasons.hide();
  paintButtons();
  cards.get(items[current].id).querySelector(".pick").focus({ preventScroll: true });
}

function enlarge() {
  byId("large").showModal();
  stage.show(items[current]);
}

// Up and down go by the rows that the grid happens to have.
function columns() {
  const top = byId("cards").children[0].offsetTop;
  const tops = [...byId("cards").children].map((card) => card.offsetTop);
  const wide = tops.findIndex((each) => each !== top);
  return wide < 0 ? tops.length : wide;
}

const MOVES = {
  ArrowLeft: () => current - 1,
  ArrowRight: () => current + 1,
  ArrowUp: () => (current >= columns() ? current - columns() : current),
  ArrowDown: () => (current + columns() < items.length ? current + columns() : current),
};
const VIEW_KEYS = { f: () => stage.toggleFit(), "+": () => stage.zoomIn(), "=": () => stage.zoomIn(), "-": () => stage.zoomOut() };

function handle(key, event) {
  const isLarge = byId("large").open;
  if (document.querySelector("dialog[open]:not(#large)")) return false;
  if (setup.open && reasons.isOpen) {
    if (key === "Escape") closeReasons();
    else return reasons.handle(key, event);
    return true;
  }
  if (key in MOVES && event.target.tagName !== "SUMMARY") {
    show(MOVES[key]());
    return true;
  }
  if (isLarge && key in VIEW_KEYS) VIEW_KEYS[key]();
  else if (isLarge && key === "v") stage.bare(true);
  else if (key === "e") {
    if (isLarge) byId("large").close();
    else enlarge();
  } else if (!setup.open) return false;
  else if (key === "a") judge({ agrees: true });
  else if (key === "d") openReasons();
  else if (key === "z") undo();
  else if (key === "?") byId("shortcuts-dialog").showModal();
  else return false;
  return true;
}

function listen() {
  listenForKeys({ handle, release: (key) => (key === "v" || key === null) && stage.bare(false), isOn: () => setup.shortcuts });
  byId("cards").addEventListener("click", (event) => {
    const card = event.target.closest(".rc");
    if (card) show(items.findIndex((item) => item.id === Number(card.dataset.item)));
  });
  byId("cards").addEventListener("dblclick", (event) => event.target.closest("figure") && enlarge());
  byId("enlarge").addEventListener("click", enlarge);
  byId("close-large").addEventListener("click", () => byId("large").close());
  byId("large").addEventListener("close", () => show(current));
  byId("zoom-in").addEventListener("click", () => stage.zoomIn());
  byId("zoom-out").addEventListener("click", () => stage.zoomOut());
  byId("fit").addEventListener("click", () => stage.toggleFit());
  byId("hide-marks").addEventListener("click", () => stage.bare(!stage.isBare));
  for (const button of document.querySelectorAll("dialog [data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  new ResizeObserver(look).observe(byId("small"));
  if (!setup.open) return;
  byId("agree").addEventListener("click", () => judge({ agrees: true }));
  byId("disagree").addEventListener("click", () => (reasons.isOpen ? closeReasons() : openReasons()));
  byId("open-shortcuts").addEventListener("click", () => byId("shortcuts-dialog").showModal());
  byId("close").addEventListener("submit", (event) => {
    if (byId("close-button").getAttribute("aria-disabled") === "true") event.preventDefault();
  });
}

// Photos of cards are asked for when they come near.
function loadPhotos() {
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        const image = target.querySelector("image[data-src]");
        image.setAttribute("href", image.dataset.src);
        image.addEventListener("error", () => {
          const why = target.querySelector(".why");
          why.textContent = messages.say("no_photo");
          why.hidden = false;
        });
        watcher.unobserve(target);
      }
    },
    { root: null, rootMargin: "600px" },
  );
  for (const card of cards.values()) watcher.observe(card);
}

marks.restore(items);
current = Math.max(0, items.findIndex((item) => !item.mark.state));
listen();
loadPhotos();
paint();
if (items.length) show(current, { focus: setup.open });
document.body.dataset.ready = "true";
