// The tag, the question and the answer that are asked about.

import { byId } from "./panels.js";

const LONG = 90;

// What is longer than its place can be scrolled to with the keyboard.
const watcher = new ResizeObserver(([{ target }]) => {
  if (target.scrollHeight > target.clientHeight + 1) target.tabIndex = 0;
  else target.removeAttribute("tabindex");
});

export function showPair(item) {
  const parts = { "pair-tag": item?.tag, "pair-question": item?.question, "pair-answer": item?.answer };
  for (const [id, text] of Object.entries(parts)) {
    const place = byId(id);
    place.textContent = text ?? "";
    place.classList.toggle("is-long", place.textContent.length > LONG);
  }
  const pair = byId("pair");
  pair.scrollTop = 0;
  watcher.disconnect();
  watcher.observe(pair); // which looks at once
}
