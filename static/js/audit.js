// An expert judges audited items, one at a time. Judgements are sent in order, one at a time; nothing on the screen
// waits for the server but the end of the queue.

import { Api } from "./work/api.js";
import { Effort } from "./work/effort.js";
import { answersEnter, listenForKeys } from "./work/keys.js";
import { Messages } from "./work/messages.js";
import { newKey } from "./work/new_key.js";
import { prepare } from "./work/photos.js";
import { Stage } from "./work/stage.js";

const POLL = 15_000;
const RETRY = 3_000;
const LONG = 22;
const LONGER = 44;

const byId = (id) => document.getElementById(id);

class Audit {
  constructor(setup) {
    this.setup = setup;
    this.messages = new Messages(setup.messages, setup.language);
    this.api = new Api(setup);
    this.effort = new Effort();
    this.stage = new Stage({
      stage: byId("stage"),
      photo: byId("photo"),
      closeup: byId("closeup"),
      inset: byId("inset"),
      caption: byId("caption"),
      hideButton: byId("hide-marks"),
      messages: this.messages,
    });
    this.boxes = [...byId("tags").querySelectorAll("input")];
    this.radios = [...byId("qa-choices").querySelectorAll("input")];
    this.current = null;
    this.ahead = [];
    this.past = null; // the last judged item, for undo
    this.unsent = [];
    this.sending = false;
    this.listen();
    this.ask();
  }

  get here() {
    return this.current ? [this.current, ...this.ahead] : this.ahead;
  }

  // ---------- the server ----------

  async ask() {
    clearTimeout(this.poll);
    try {
      this.take(await this.api.send("lease", this.wanted()));
      this.tell("ok");
    } catch (failure) {
      if (!failure.kind) throw failure;
      this.tell(failure.kind === "signed-out" ? "signed-out" : "failing", failure);
      this.poll = setTimeout(() => this.ask(), RETRY);
    }
  }

  wanted() {
    const held = [...this.here.map((item) => item.slot), ...this.unsent.map((send) => send.content.slot)];
    return { want: Math.min(this.setup.batch + this.unsent.length, 10), have: held };
  }

  take(answer) {
    const known = new Set(this.wanted().have);
    for (const item of answer.items) {
      if (known.has(item.slot)) continue;
      this.ahead.push(item);
      prepare(item);
    }
    const still = new Set(answer.held);
    this.ahead = this.ahead.filter((item) => still.has(item.slot));
    this.paused = answer.paused;
    const waiting = answer.waiting + this.here.length;
    byId("told").textContent = this.messages.say(answer.more ? "progress_more" : "progress", {
      done: answer.done,
      waiting,
    });
    const bar = byId("progress");
    bar.max = answer.done + waiting || 1;
    bar.value = answer.done;
    if (!this.current) this.next();
  }

  // Judgements and undos leave in the order in which they were made.
  push(name, content) {
    this.unsent.push({ name, content });
    this.drain();
  }

  async drain() {
    if (this.sending || !this.unsent.length) return;
    this.sending = true;
    clearTimeout(this.retry);
    this.tell("busy");
    const send = this.unsent[0];
    try {
      const wanted = this.wanted();
      const answer = await this.api.send(send.name, { ...send.content, ...wanted });
      this.unsent.shift();
      this.sending = false;
      if (answer.taken_back === false) this.complain(this.messages.say("not_undone"));
      this.take(answer);
      this.tell("ok");
      this.drain();
    } catch (failure) {
      this.sending = false;
      if (!failure.kind) throw failure;
      if (failure.kind === "conflict" || failure.kind === "refused") {
        this.unsent.shift();
        this.complain(this.messages.say("refused", { reason: failure.message }));
        this.ask();
        this.drain();
        return;
      }
      this.tell(failure.kind === "signed-out" ? "signed-out" : "failing");
      this.retry = setTimeout(() => this.drain(), RETRY);
    }
  }

  // What the bar says about saving.
  tell(kind) {
    byId("saved").dataset.kind = this.unsent.length && kind === "ok" ? "busy" : kind;
    const name = { ok: "saved", busy: "saving", failing: "unsent", "signed-out": "signed_out" }[byId("saved").dataset.kind];
    byId("saved-words").textContent = this.messages.say(name, { n: this.unsent.length });
  }

  complain(words) {
    byId("notice-words").textContent = words;
    byId("notice").hidden = false;
  }

  // ---------- the item ----------

  next() {
    this.current = this.ahead.shift() ?? null;
    this.show();
  }

  async show(marks = null) {
    const item = this.current;
    const isEmpty = !item;
    byId("work").dataset.state = isEmpty ? "empty" : "task";
    byId("task").hidden = isEmpty;
    byId("states").hidden = !isEmpty;
    byId("state-loading").hidden = true;
    byId("state-empty").hidden = !isEmpty;
    byId("undo").setAttribute("aria-disabled", String(!this.past));
    byId("undo-last").hidden = !this.past;
    if (isEmpty) {
      this.stage.clear();
      if (this.paused) byId("empty-words").textContent = this.messages.say("paused", this.paused);
      byId("state-empty").querySelector("h1").focus({ preventScroll: true });
      clearTimeout(this.poll);
      this.poll = setTimeout(() => this.ask(), POLL);
      return;
    }
    const isTag = item.kind === "tag";
    byId("tag-choices").hidden = !isTag;
    byId("qa-choices").hidden = isTag;
    byId("question").textContent = this.messages.say(`question_${item.kind}`);
    byId("help").textContent = this.messages.say(`help_${item.kind}`);
    byId("asked").textContent = item.question;
    byId("answered").textContent = item.answer;
    this.boxes.forEach((box, place) => this.fill(box, item.tags[place], marks?.right?.includes(item.tags[place]?.id)));
    for (const radio of this.radios) radio.checked = marks?.choice === radio.value;
    this.say();
    const isThere = await prepare(item);
    if (this.current !== item) return;
    if (!isThere) this.complain(this.messages.say("no_photo"));
    this.stage.show(item);
    this.effort.take();
    const [x1, y1, x2, y2] = item.box.map(Math.round);
    byId("status").textContent = this.messages.say("announce", { width: x2 - x1, height: y2 - y1 });
    (isTag ? this.boxes : this.radios)[0].focus({ preventScroll: true });
  }

  fill(box, tag, checked) {
    const row = box.closest("li");
    row.classList.toggle("is-missing", !tag);
    const name = row.querySelector(".name");
    name.textContent = tag?.text ?? "";
    name.classList.toggle("is-long", name.textContent.length > LONG);
    name.classList.toggle("is-longer", name.textContent.length > LONGER);
    box.disabled = !tag;
    box.checked = Boolean(tag && checked);
  }

  get right() {
    return this.current.tags.filter((_tag, place) => this.boxes[place].checked).map((tag) => tag.id);
  }

  get choice() {
    return this.radios.find((radio) => radio.checked)?.value ?? "";
  }

  // The button says what will be recorded.
  say() {
    if (!this.current) return;
    const isTag = this.current.kind === "tag";
    const right = isTag ? this.right.length : 0;
    const words = isTag
      ? this.messages.say("submit", { right, wrong: this.current.tags.length - right })
      : this.messages.say(this.choice ? `submit_${this.choice}` : "submit_nothing");
    byId("submit-words").textContent = words;
    byId("submit").setAttribute("aria-disabled", String(!isTag && !this.choice));
  }

  submit() {
    if (!this.current) return;
    if (this.current.kind === "tag") this.judge("judged", this.right);
    else if (this.choice) this.judge(this.choice, []);
  }

  judge(choice, right) {
    const item = this.current;
    if (!item || (!item.ready && !(item.failed && choice === "unclear"))) return; // nobody judges what is not there
    this.past = { item, marks: { choice, right } };
    byId("notice").hidden = true;
    const content = { slot: item.slot, key: newKey(), choice, right, seconds: this.effort.take() };
    this.current = null;
    this.push("judge", content);
    if (!this.current) this.next();
  }

  undo() {
    if (!this.past) return;
    const { item, marks } = this.past;
    this.past = null;
    if (this.current) this.ahead.unshift(this.current);
    this.current = item;
    const last = this.unsent.at(-1);
    // What has not left yet need not leave; what is on its way is taken back after it.
    if (last?.content.slot === item.slot && !(this.sending && this.unsent.length === 1)) this.unsent.pop();
    else this.push("undo", { slot: item.slot });
    this.show(marks);
  }

  // ---------- the person ----------

  listen() {
    byId("task").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    byId("task").addEventListener("change", () => this.say());
    byId("unclear").addEventListener("click", () => this.judge("unclear", []));
    byId("undo").addEventListener("click", () => this.undo());
    byId("undo-last").addEventListener("click", () => this.undo());
    byId("zoom-in").addEventListener("click", () => this.stage.zoomIn());
    byId("zoom-out").addEventListener("click", () => this.stage.zoomOut());
    byId("fit").addEventListener("click", () => this.current && this.stage.toggleFit());
    byId("hide-marks").addEventListener("click", () => this.stage.bare(!this.stage.isBare));
    byId("close-notice").addEventListener("click", () => (byId("notice").hidden = true));
    for (const name of ["guide", "shortcuts"]) {
      byId(`open-${name}`).addEventListener("click", () => byId(`${name}-dialog`).showModal());
    }
    for (const button of document.querySelectorAll("dialog [data-close]")) {
      button.addEventListener("click", () => button.closest("dialog").close());
    }
    listenForKeys({
      handle: (key, event) => this.key(key, event),
      release: (key) => (key === "v" || key === null) && this.stage.bare(false),
      isOn: () => this.setup.shortcuts,
    });
    addEventListener("beforeunload", (event) => this.unsent.length && event.preventDefault());
    addEventListener("pagehide", () => {
      if (!this.unsent.length) this.api.send("release", this.wanted(), { leaving: true }).catch(() => {});
    });
    addEventListener("online", () => this.drain());
  }

  key(key, event) {
    if (document.querySelector("dialog[open]")) return false;
    if (key === "Enter") {
      if (answersEnter(event.target) && event.target.id !== "submit") return false;
      this.submit();
      return true;
    }
    const act = {
      s: () => this.judge("unclear", []),
      z: () => this.undo(),
      v: () => this.stage.bare(true),
      f: () => this.current && this.stage.toggleFit(),
      g: () => byId("guide-dialog").showModal(),
      "?": () => byId("shortcuts-dialog").showModal(),
      "+": () => this.stage.zoomIn(),
      "-": () => this.stage.zoomOut(),
    }[key];
    if (act) act();
    else if (/^[1-5]$/.test(key)) return this.choose(Number(key) - 1);
    return Boolean(act);
  }

  choose(place) {
    if (!this.current) return false;
    if (this.current.kind === "tag") {
      if (!this.current.tags[place]) return false;
      this.boxes[place].checked = !this.boxes[place].checked;
    } else if (place < this.radios.length) {
      this.radios[place].checked = true;
    } else return false;
    this.say();
    return true;
  }
}

new Audit(JSON.parse(byId("setup").textContent));
