// The QA check: one of four choices. Enter never submits an item without one.

import { showPair } from "./pair.js";
import { byId } from "./panels.js";
import { startScreen } from "./screen.js";

class QuestionCheck {
  constructor(screen) {
    this.messages = screen.messages;
    this.radios = [...byId("choices").querySelectorAll("input")];
    this.isBlocked = true;
    byId("choices").addEventListener("change", () => this.tell());
  }

  show(item, draft = {}) {
    showPair(item);
    for (const radio of this.radios) {
      radio.checked = radio.value === draft.choice;
      radio.disabled = !item;
    }
    this.tell();
  }

  get choice() {
    return this.radios.find((radio) => radio.checked)?.value ?? "";
  }

  get draft() {
    return { choice: this.choice };
  }

  get said() {
    return { choice: this.choice };
  }

  get isComplete() {
    return this.choice !== "";
  }

  draftOf({ said }) {
    return { choice: said.choice };
  }

  summary({ item, said }) {
    return [item.tag, this.messages.say(said.choice)];
  }

  handleKey(key) {
    if (!/^[1-4]$/.test(key)) return false;
    const radio = this.radios[Number(key) - 1];
    radio.checked = true;
    radio.focus({ preventScroll: true });
    this.tell();
    return true;
  }

  tell() {
    const { choice } = this;
    byId("submit-words").textContent = choice
      ? this.messages.say("submit", { choice: this.messages.say(choice) })
      : this.messages.say("submit_nothing");
    byId("submit").setAttribute("aria-disabled", String(this.isBlocked || !choice));
  }

  focusFirst() {
    (this.radios.find((radio) => radio.checked) ?? this.radios[0]).focus({ preventScroll: true });
  }

  block(on) {
    this.isBlocked = on;
    this.tell();
  }
}

startScreen((screen) => new QuestionCheck(screen));
