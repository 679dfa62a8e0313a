// The bar and the notices around the task: what is saved, how far the stint is, what was decided before.

import { byId } from "./panels.js";

export class StatusBar {
  constructor(messages, panels, username) {
    this.messages = messages;
    this.panels = panels;
    this.username = username;
  }

  // `state`: the one on the screen. `unsent`, `ahead`: how many decisions wait, how many items are there without a network.
  saved(state, saving, unsent, ahead) {
    byId("saved").dataset.unsent = unsent;
    const { reference, secondsLeft, state: kind } = saving;
    if (state !== "loading" || unsent) this.panels.saved(kind, unsent);
    this.panels.offline(kind === "offline", unsent, ahead);
    this.panels.failing(kind === "failing", unsent, reference, secondsLeft);
    if (state === "signed-out") this.signedOut(reference === "other_account", unsent);
  }

  signedOut(other, unsent) {
    byId("signed-out-words").textContent = other
      ? this.messages.say("other_account", { name: this.username })
      : this.messages.say(unsent ? "signed_out" : "signed_out_nothing", { n: unsent });
  }

  loadFailed(failure, nextTry) {
    const seconds = Math.max(0, Math.ceil((nextTry - Date.now()) / 1000));
    const reference = failure.reference || "-";
    byId("error-words").textContent = this.messages.say("load_failed", { reference, seconds });
  }

  // Of a stint, `done` of `size` items; before it is loaded its place is kept.
  progress({ done, size }, loaded) {
    const all = Math.max(size, done);
    byId("progress-text").classList.toggle("is-waiting", !loaded);
    byId("done").textContent = done;
    byId("size").textContent = all;
    byId("progress").max = Math.max(all, 1);
    byId("progress").value = done;
    byId("progress").setAttribute("aria-label", this.messages.say("progress", { done, size: all }));
  }

  // `summary`: [the item's name, what was decided], or nothing when Z reaches nothing.
  before(summary) {
    const place = byId("before");
    for (const button of document.querySelectorAll("[data-undo]")) {
      button.setAttribute("aria-disabled", String(!summary));
    }
    if (!summary) {
      place.textContent = this.messages.say("nothing_before");
      return;
    }
    const name = document.createElement("b");
    name.textContent = summary[0];
    place.replaceChildren(`${this.messages.say("before")} `, name, `, ${summary[1]}`);
  }
}
