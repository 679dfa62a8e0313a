// Skip reasons, guide, cards of tags and shortcuts: native dialogs, so that focus and Escape are the browser's.

import { byId } from "./panels.js";

export function openDialog() {
  return document.querySelector("dialog[open]");
}

export function listenToDialogs({ onSkip, onSwitch }) {
  for (const button of document.querySelectorAll("dialog [data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // the backdrop
  }
  byId("open-guide").addEventListener("click", () => show("guide"));
  byId("open-shortcuts").addEventListener("click", () => show("shortcuts"));
  for (const button of document.querySelectorAll("[data-reason]")) {
    button.addEventListener("click", () => {
      byId("skip-dialog").close();
      onSkip(button.dataset.reason);
    });
  }
  byId("single-keys").addEventListener("change", (event) => onSwitch(event.target));
}

export function show(name) {
  byId(`${name}-dialog`).showModal();
}

// 1 to 4 in the skip dialog, digits for the tags of the card; ?, G and M close what they opened. `pressed` is the key
// itself: the reasons keep their digits.
export function handleDialogKey(dialog, key, pressed) {
  if (dialog.id === "skip-dialog" && /^[1-4]$/.test(pressed)) {
    dialog.querySelectorAll("[data-reason]")[Number(pressed) - 1].click();
    return true;
  }
  if (dialog.id === "card-dialog" && /^[1-9]$/.test(pressed)) {
    byId("card-tags").children[Number(pressed) - 1]?.click();
    return true;
  }
  if (dialog.id === "card-dialog" && key === "m") {
    dialog.close();
    return true;
  }
  if ((dialog.id === "shortcuts-dialog" && key === "?") || (dialog.id === "guide-dialog" && key === "g")) {
    dialog.close();
    return true;
  }
  return false;
}
