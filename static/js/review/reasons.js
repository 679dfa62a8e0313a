// Why an expert disagrees, and what is right instead.

const byId = (id) => document.getElementById(id);

export class Reasons {
  constructor({ setup, messages, save, close }) {
    Object.assign(this, { setup, messages, save });
    this.form = byId("why");
    this.radios = [...this.form.querySelectorAll("[name=reason]")];
    this.item = null;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.form.addEventListener("change", (event) => this.follow(event));
    this.form.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && !event.shiftKey && event.target.tagName === "TEXTAREA") {
        event.preventDefault();
        this.submit();
      }
    });
    byId("cancel-why")?.addEventListener("click", close);
  }

  get isOpen() {
    return !this.form.hidden;
  }

  labelOf(reason) {
    const radio = this.radios.find((each) => each.value === reason);
    return radio ? radio.closest("label").querySelector("span").lastChild.textContent.trim() : "";
  }

  // With what was said before, else with what the annotator said: one tag is quickly turned round.
  show(item) {
    this.item = item;
    const before = item.mark.state === "disagree" ? item.mark : null;
    for (const radio of this.radios) radio.checked = before ? radio.value === before.reason : this.radios.length === 1;
    if (this.setup.kind === "tag") this.fillTags(item, before ? before.rejected : item.rejected);
    for (const radio of this.form.querySelectorAll("[name=choice]")) {
      radio.checked = before ? radio.value === before.choice : false;
    }
    const badBox = this.form.elements.bad_box;
    if (badBox) badBox.checked = before ? before.badBox : item.badBox;
    if (byId("correction")) byId("correction").value = before?.correction || (this.setup.kind === "answer" ? item.written : "");
    byId("note").value = before?.note ?? "";
    byId("why-problem").textContent = "";
    this.form.hidden = false;
    this.follow();
    if (this.setup.open) (this.radios.find((radio) => radio.checked) ?? this.radios[0]).focus();
    this.form.scrollIntoView({ block: "nearest" });
  }

  hide() {
    this.form.hidden = true;
    this.item = null;
  }

  fillTags(item, wrong) {
    byId("right-tags").replaceChildren(
      ...item.tags.map((tag) => {
        const line = document.createElement("li");
        const label = document.createElement("label");
        label.className = "check";
        const box = document.createElement("input");
        Object.assign(box, { type: "checkbox", name: "rejected", value: tag.id, checked: wrong.includes(tag.id) });
        const name = document.createElement("bdi");
        name.textContent = tag.text;
        label.append(box, name);
        line.append(label);
        return line;
      }),
    );
  }

  // The reason follows from the tags that are turned round, until somebody chooses one.
  follow(event) {
    const choice = this.form.querySelector("[name=choice]:checked")?.value;
    if (byId("correction-field")) byId("correction-field").hidden = !this.writes(choice);
    if (!event || !this.item) return;
    if (event.target.name === "rejected") {
      const reason = event.target.checked ? "wrong_left" : "right_rejected";
      const turned = event.target.checked !== this.item.rejected.includes(Number(event.target.value));
      const radio = this.radios.find((each) => each.value === reason);
      if (turned && !this.radios.some((each) => each.checked)) radio.checked = true;
    }
    if (event.target.name === "choice" && this.writes(choice)) byId("correction").focus();
  }

  writes(choice) {
    return (this.setup.kind === "qa" && choice === "wrong_answer") || (this.setup.kind === "answer" && choice === "");
  }

  // 1 to 5 choose the reason, Enter saves.
  handle(key, event) {
    const radio = this.radios[Number(key) - 1];
    if (radio) {
      radio.checked = true;
      this.afterReason(radio);
      return true;
    }
    if (key === "Enter" && event.target.tagName !== "BUTTON") {
      this.submit();
      return true;
    }
    return false;
  }

  // On to what is right instead: the first tag that the reason can be about.
  afterReason(radio) {
    const boxes = [...this.form.querySelectorAll("[name=rejected]")];
    const wasLeft = radio.value === "wrong_left";
    const about = boxes.filter((box) => this.item.rejected.includes(Number(box.value)) !== wasLeft);
    const turned = boxes.some((box) => box.checked !== this.item.rejected.includes(Number(box.value)));
    if (radio.value !== "other" && about.length === 1 && !turned) about[0].checked = wasLeft;
    (about[0] ?? boxes[0] ?? this.form.querySelector("[name=choice]") ?? radio).focus();
  }

  submit() {
    if (!this.setup.open || !this.item) return;
    const reason = this.radios.find((radio) => radio.checked)?.value;
    const rejected = [...this.form.querySelectorAll("[name=rejected]:checked")].map((box) => Number(box.value));
    const badBox = this.form.elements.bad_box?.checked ?? false;
    const choice = this.form.querySelector("[name=choice]:checked")?.value ?? (this.setup.kind === "tag" ? "" : null);
    const correction = this.writes(choice) ? byId("correction").value.trim() : "";
    const problem = this.problem({ reason, rejected, badBox, choice, correction });
    byId("why-problem").textContent = problem ? this.messages.say(problem) : "";
    if (problem) return;
    this.save({ reason, rejected, choice, bad_box: badBox, correction, note: byId("note").value.trim() });
  }

  problem({ reason, rejected, badBox, choice, correction }) {
    if (!reason) return "choose_reason";
    if (choice === null) return "nothing_different";
    if (this.writes(choice) && !correction) return "write_answer";
    const { item } = this;
    const same =
      rejected.length === item.rejected.length &&
      rejected.every((id) => item.rejected.includes(id)) &&
      badBox === item.badBox &&
      choice === item.choice &&
      (!correction || correction === item.written);
    return same ? "nothing_different" : null;
  }
}
