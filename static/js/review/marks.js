// Marks on their way to the server: the latest of each item, one at a time, kept in this browser until it has them.

import { Api } from "../work/api.js";

const WAITS = [2, 5, 10, 30];

export class Marks {
  // `changed` is called when something was saved, or was not.
  constructor({ setup, messages, changed }) {
    Object.assign(this, { setup, messages, changed });
    this.api = new Api(setup);
    this.key = `argus-review-${setup.account}-${setup.package}`;
    this.waiting = new Map();
    this.failures = 0;
    this.isBusy = false;
    this.isStopped = false;
    if (!setup.open) return;
    document.getElementById("try-now").addEventListener("click", () => this.again());
    addEventListener("online", () => this.again());
    addEventListener("beforeunload", (event) => this.unsaved && event.preventDefault());
  }

  get unsaved() {
    return this.waiting.size;
  }

  // What an earlier page could not send.
  restore(items) {
    if (!this.setup.open) return;
    const kept = new Map(JSON.parse(localStorage.getItem(this.key) ?? "[]"));
    for (const item of items) {
      if (!kept.has(item.id)) continue;
      const mark = kept.get(item.id);
      this.waiting.set(item.id, mark);
      item.mark = mark
        ? { ...mark, state: mark.agrees ? "agree" : "disagree", rejected: mark.rejected ?? item.rejected, badBox: mark.bad_box }
        : { state: "" };
    }
    if (this.unsaved) this.drain();
  }

  // `mark`: what the server takes, null to take the mark back.
  send(id, mark) {
    this.waiting.delete(id);
    this.waiting.set(id, mark);
    this.keep();
    this.drain();
  }

  keep() {
    if (this.waiting.size) localStorage.setItem(this.key, JSON.stringify([...this.waiting]));
    else localStorage.removeItem(this.key);
  }

  again() {
    clearTimeout(this.timer);
    this.drain();
  }

  async drain() {
    if (this.isBusy || this.isStopped) return;
    this.isBusy = true;
    this.paint("busy");
    while (this.waiting.size) {
      const [id, mark] = this.waiting.entries().next().value;
      try {
        await this.api.send(mark ? "mark" : "unmark", mark ?? { item: id });
      } catch (error) {
        this.isBusy = false;
        this.failed(id, mark, error);
        return;
      }
      this.failures = 0;
      if (this.waiting.get(id) === mark) this.waiting.delete(id);
      this.keep();
    }
    this.isBusy = false;
    document.getElementById("notice").hidden = true;
    this.paint("ok");
    this.changed();
  }

  failed(id, mark, error) {
    if (error.kind === "refused" || error.kind === "conflict") {
      // The server has decided: said once, and what is on the page is not what it has.
      this.waiting.clear();
      this.keep();
      this.isStopped = error.kind === "conflict";
      this.tell(error.message, { again: false });
      this.paint("failing");
      this.changed();
      return;
    }
    const seconds = WAITS[Math.min(this.failures, WAITS.length - 1)];
    this.failures += 1;
    const name = { network: "offline", "signed-out": "signed_out" }[error.kind] ?? "server";
    const words = this.messages.say(name, { reference: error.reference });
    this.tell(`${words} ${name === "signed_out" ? "" : this.messages.say("retry", { seconds })}`);
    this.paint("failing");
    this.changed();
    this.timer = setTimeout(() => this.drain(), seconds * 1000);
  }

  tell(words, { again = true } = {}) {
    document.getElementById("notice-words").textContent = words;
    document.getElementById("try-now").hidden = !again;
    document.getElementById("notice").hidden = false;
  }

  paint(kind) {
    const saved = document.getElementById("saved");
    saved.dataset.kind = kind;
    const words = { ok: "saved", busy: "saving" }[kind];
    document.getElementById("saved-words").textContent =
      words && !(kind === "failing") ? this.messages.say(words) : this.messages.say("unsaved", { n: this.unsaved });
  }
}
