// The five tags: native checkboxes, and the button that says what will be recorded.

import { byId } from "./panels.js";

const LONG = 22;
const LONGER = 44;

export class Choices {
  constructor(messages, { changed }) {
    this.messages = messages;
    this.changed = changed;
    this.rows = [...byId("tags").children];
    this.boxes = this.rows.map((row) => row.querySelector("input"));
    this.tags = [];
    byId("tags").addEventListener("change", () => this.tell());
    byId("all").addEventListener("click", () => this.toggleAll());
  }

  show(tags, marks = []) {
    this.tags = tags;
    this.rows.forEach((row, place) => {
      const tag = tags[place];
      row.classList.toggle("is-missing", !tag);
      const name = row.querySelector(".name");
      name.textContent = tag?.text ?? "";
      name.classList.toggle("is-long", name.textContent.length > LONG);
      name.classList.toggle("is-longer", name.textContent.length > LONGER);
      this.boxes[place].disabled = !tag;
      this.boxes[place].checked = Boolean(marks[place]);
    });
    this.tell();
  }

  get marks() {
    return this.tags.map((_tag, place) => this.boxes[place].checked);
  }

  get areAllWrong() {
    return this.tags.length > 0 && this.rejected.length === this.tags.length;
  }

  get rejected() {
    return this.tags.filter((_tag, place) => this.boxes[place].checked).map((tag) => tag.id);
  }

  toggle(place) {
    if (!this.tags[place]) return;
    this.boxes[place].checked = !this.boxes[place].checked;
    this.tell();
  }

  toggleAll() {
    const all = this.areAllWrong;
    this.tags.forEach((_tag, place) => (this.boxes[place].checked = !all));
    this.tell();
  }

  tell() {
    const wrong = this.rejected.length;
    const right = this.tags.length - wrong;
    byId("submit-words").textContent = this.messages.say("submit", { right, wrong });
    byId("all-words").textContent = this.messages.say(wrong && !right ? "all_right" : "all_wrong");
    this.changed();
  }

  focusFirst() {
    this.boxes[0].focus({ preventScroll: true });
  }

  block(on) {
    byId("submit").setAttribute("aria-disabled", String(on));
  }
}
