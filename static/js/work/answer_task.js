// Writing the right answer. Enter submits, Shift+Enter makes a line; Escape leaves the field, then 3, 4 and S work.

import { problemOf, wholeText } from "./answers.js";
import { Drafts } from "./drafts.js";
import { showPair } from "./pair.js";
import { byId } from "./panels.js";
import { startScreen } from "./screen.js";

class AnswerTask {
  constructor(screen) {
    this.screen = screen;
    this.messages = screen.messages;
    this.longest = screen.setup.longestAnswer;
    this.drafts = new Drafts(screen.setup.account);
    this.field = byId("answer");
    this.item = null;
    this.instead = "";
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.press(event));
    for (const button of document.querySelectorAll("[data-instead]")) {
      button.addEventListener("click", (event) => this.say(button.dataset.instead, event.timeStamp));
    }
  }

  show(item, draft) {
    this.item = item;
    this.instead = "";
    showPair(item);
    this.field.value = item ? (draft?.text ?? this.drafts.of(item)) : "";
    this.field.disabled = !item;
    byId("others").hidden = !item?.others.length;
    byId("other-pairs").replaceChildren(...(item?.others ?? []).map(({ question, answer }) => {
      const line = document.createElement("li");
      const right = document.createElement("b");
      line.dir = right.dir = "auto";
      right.textContent = answer;
      line.append(question, right);
      return line;
    }));
    this.problem("");
    this.count();
  }

  get draft() {
    return { text: this.field.value };
  }

  get said() {
    return this.instead ? { choice: this.instead } : { text: wholeText(this.field.value) };
  }

  get isComplete() {
    if (this.instead) return true;
    const problem = problemOf(this.field.value, this.item, this.longest);
    this.problem(problem);
    return !problem;
  }

  draftOf({ said }) {
    return { text: said.text ?? "" };
  }

  summary({ item, said }) {
    return [item.tag, this.messages.say(said.choice || "written")];
  }

  // Unanswerable, or a wrong tag: one press, as it can be undone.
  say(choice, since) {
    if (!this.screen.canAct) return;
    this.instead = choice;
    this.screen.submit(since);
    this.instead = "";
  }

  handleKey(key) {
    if (key !== "3" && key !== "4") return false;
    this.say(key === "3" ? "unanswerable" : "wrong_tag", performance.now());
    return true;
  }

  press(event) {
    if (event.isComposing || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.screen.submit(event.timeStamp);
    } else if (event.key === "Escape") {
      byId("question").focus({ preventScroll: true });
    }
  }

  sent(item) {
    this.drafts.keep(item, "");
  }

  typed() {
    this.drafts.keep(this.item, this.field.value);
    byId("draft-kept").textContent = this.messages.say("draft");
    this.problem("");
    this.count();
  }

  count() {
    const { length } = [...wholeText(this.field.value)];
    byId("answer-count").textContent = this.messages.say("count", { length, most: this.longest });
    byId("answer-count").classList.toggle("is-over", length > this.longest);
    byId("draft-kept").hidden = !length;
  }

  problem(name) {
    byId("answer-problem").textContent = name ? this.messages.say(name) : "";
    this.field.setAttribute("aria-invalid", String(Boolean(name)));
  }

  focusFirst() {
    this.field.focus({ preventScroll: true });
  }

  block(on) {
    byId("submit").setAttribute("aria-disabled", String(on));
  }
}

startScreen((screen) => new AnswerTask(screen));
