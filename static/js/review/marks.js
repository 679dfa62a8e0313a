// Marks on their way to the server: the latest of each item, one at a time, kept in this browser until it has them, and a
// minute longer: a page that was asked for before the server had a mark shows the one before.

import { Api } from "../work/api.js";

const WAITS = [2, 5, 10, 30];
const KEPT = 60_000;

export class Marks {
  // `changed` is called when something was saved, or was not.
  constructor({ setup, messages, changed }) {
    Object.assign(this, { setup, messages, changed });
    this.api = new Api(setup);
    this.key = `argus-review-${setup.account}-${setup.package}`;
    this.waiting = new Map();
    this.saved = new Map(); // id -> {mark, at}: what the server has since
    this.failures = 0;
    this.isBusy = false;
    this.isStopped = false;
    if (!setup.open) return;
    document.getElementById("try-now").addEventListener("click", () => this.again());
    addEventListener("online", () => this.again());
    addEventListener("beforeunload", (event) => this.unsaved && event.preventDefault());
    addEventListener("pagehide", () => this.flush());
  }

  get unsaved() {
    return this.waiting.size;
  }

  // What an earlier page could not send, and what it sent while this one was already on its way.
  restore(items) {
    if (!this.setup.open) return;
    const kept = new Map(JSON.parse(localStorage.getItem(this.key) ?? "[]").map(([id, ...rest]) => [id, rest]));
    for (const item of items) {
      if (!kept.has(item.id)) continue;
      const [mark, at] = kept.get(item.id);
      if (at && at < performance.timeOrigin - 1000) continue; // this page knows it
      if (at) this.saved.set(item.id, { mark, at });
      else this.waiting.set(item.id, mark);
      item.mark = mark
        ? { ...mark, state: mark.agrees ? "agree" : "disagree", rejected: mark.rejected ?? item.rejected, badBox: mark.bad_box }
        : { state: "" };
    }
    if (this.unsaved) this.drain();
    else this.keep();
  }

  // The page goes away: what waits is sent without it. It is sent again by the next one, which changes nothing.
  flush() {
    if (this.isStopped) return;
    for (const [id, mark] of this.waiting) {
      this.api.send(mark ? "mark" : "unmark", mark ?? { item: id }, { leaving: true }).catch(() => {});
    }
  }

  // `mark`: what the server takes, null to take the mark back.
  send(id, mark) {
    this.waiting.delete(id);
    this.saved.delete(id);
    this.waiting.set(id, mark);
    this.keep();
    this.drain();
  }

  keep() {
    clearTimeout(this.forgetting);
    for (const [id, { at }] of this.saved) if (at < Date.now() - KEPT) this.saved.delete(id);
    const saved = [...this.saved].map(([id, { mark, at }]) => [id, mark, at]);
    const kept = [...[...this.waiting].map(([id, mark]) => [id, mark, 0]), ...saved];
    if (kept.length) localStorage.setItem(this.key, JSON.stringify(kept));
    else localStorage.removeItem(this.key);
    if (saved.length) this.forgetting = setTimeout(() => this.keep(), KEPT + 1000);
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
      if (this.waiting.get(id) === mark) {
        this.waiting.delete(id);
        this.saved.set(id, { mark, at: Date.now() });
      }
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
