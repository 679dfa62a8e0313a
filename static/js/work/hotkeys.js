// A person's own keys. An action is known by its usual key; `keys` says which key the person has for it instead.

import { byId } from "./panels.js";

export class Hotkeys {
  constructor({ keys, messages, save }) {
    Object.assign(this, { keys, messages, save });
    this.buttons = [...document.querySelectorAll("[data-rebind]")];
    this.waiting = null;
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => this.wait(button));
    }
    byId("keys-reset").addEventListener("click", () => this.choose({}));
    byId("shortcuts-dialog").addEventListener("close", () => this.wait(null));
    document.addEventListener("keydown", (event) => this.press(event), { capture: true });
    this.label();
  }

  // The usual key of what `key` does for this person; "" when it does nothing any more.
  usual(key) {
    const own = Object.entries(this.keys).find(([, chosen]) => chosen === key);
    if (own) return own[0];
    return key in this.keys ? "" : key;
  }

  label() {
    for (const cap of document.querySelectorAll("[data-key]")) {
      const usual = cap.dataset.key;
      const own = this.keys[usual] ?? usual;
      cap.textContent = own.toUpperCase();
      cap.closest("[aria-keyshortcuts]")?.setAttribute("aria-keyshortcuts", own.toUpperCase());
    }
  }

  wait(button) {
    this.waiting = button === this.waiting ? null : button;
    for (const other of this.buttons) other.setAttribute("aria-pressed", String(other === this.waiting));
    byId("keys-problem").textContent = "";
    if (this.waiting) byId("status").textContent = this.messages.say("press_a_key");
  }

  press(event) {
    if (!this.waiting || event.ctrlKey || event.altKey || event.metaKey || event.key === "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    const usual = this.waiting.dataset.rebind;
    this.wait(null);
    if (event.key !== "Escape") this.choose({ ...this.keys, [usual]: event.key.toLowerCase() });
  }

  async choose(keys) {
    try {
      this.keys = (await this.save(keys)).keys;
      byId("keys-problem").textContent = "";
      byId("status").textContent = this.messages.say("keys_saved");
    } catch (failure) {
      if (!failure.kind) throw failure;
      const reason = failure.message === failure.kind ? "" : failure.message;
      byId("keys-problem").textContent = this.messages.say("keys_failed", { reason });
    }
    this.label();
  }
}
