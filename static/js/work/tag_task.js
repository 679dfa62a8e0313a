// The tag task: which of the five tags are wrong; whether the box shows one thing; the right tag, if none is.

import { Choices } from "./choices.js";
import { byId } from "./panels.js";
import { startScreen } from "./screen.js";

class TagTask {
  constructor(screen) {
    this.messages = screen.messages;
    this.badBox = byId("bad-box");
    this.rightTag = byId("right-tag");
    this.choices = new Choices(this.messages, { changed: () => this.offerRightTag() });
    this.rightTag.addEventListener("keydown", (event) => event.key === "Escape" && this.choices.focusFirst());
  }

  show(item, draft = {}) {
    this.badBox.checked = Boolean(draft.badBox);
    this.rightTag.value = draft.rightTag ?? "";
    this.choices.show(item?.tags ?? [], draft.marks);
  }

  // A right tag makes sense when all shown ones are wrong.
  offerRightTag() {
    this.rightTag.disabled = !this.choices.areAllWrong;
  }

  get draft() {
    return { marks: this.choices.marks, badBox: this.badBox.checked, rightTag: this.rightTag.value };
  }

  get said() {
    const said = { rejected: this.choices.rejected };
    if (this.badBox.checked) said.bad_box = true;
    if (this.choices.areAllWrong && this.rightTag.value.trim()) said.right_tag = this.rightTag.value.trim();
    return said;
  }

  get isComplete() {
    return true;
  }

  draftOf({ item, said }) {
    const marks = item.tags.map((tag) => said.rejected.includes(tag.id));
    return { marks, badBox: said.bad_box, rightTag: said.right_tag };
  }

  summary({ item, said }) {
    const wrong = said.rejected.length;
    const right = item.tags.length - wrong;
    const counts = this.messages.say(wrong ? "summary" : "summary_right", { right, wrong });
    return [item.tags[0].text, said.bad_box ? `${counts}, ${this.messages.say("bad_box")}` : counts];
  }

  handleKey(key) {
    if (/^[1-5]$/.test(key)) this.choices.toggle(Number(key) - 1);
    else if (key === "0") this.choices.toggleAll();
    else if (key === "b") this.badBox.checked = !this.badBox.checked;
    else if (key === "t" && !this.rightTag.disabled) this.rightTag.focus();
    else return false;
    return true;
  }

  focusFirst() {
    this.choices.focusFirst();
  }

  block(on) {
    this.choices.block(on);
  }
}

startScreen((screen) => new TagTask(screen));
