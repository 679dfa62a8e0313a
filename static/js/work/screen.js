// A work screen, whatever is asked. Items are leased ahead, verdicts wait in the outbox; between two items nothing waits
// for the server. What is asked is the business of a task (tag_task.js, qa_task.js, answer_task.js):
//
//   show(item, draft)   fills in what is asked about the item (null: nothing), and what was begun about it
//   draft, said         what is on the screen: to come back to, and to be sent
//   isComplete          whether Enter may submit
//   draftOf(past)       the draft of an item that was sent, to be undone
//   summary(past)       [the item's name, what was decided], for the line about the item before
//   handleKey(key)      true when it used the key; focusFirst(), block(on)
//   sent(item)          optional: the item's decision is in the outbox

import { Api } from "./api.js";
import { ConceptCards } from "./concept_cards.js";
import { Controls } from "./controls.js";
import { openDialog, show as showDialog } from "./dialogs.js";
import { Effort } from "./effort.js";
import { Hotkeys } from "./hotkeys.js";
import { Messages } from "./messages.js";
import { newKey } from "./new_key.js";
import { Outbox } from "./outbox.js";
import { byId, Panels } from "./panels.js";
import { prepare, prepareAgain } from "./photos.js";
import { Saving } from "./saving.js";
import { Stage } from "./stage.js";
import { StatusBar } from "./status_bar.js";
import { placeOf } from "./views.js";

const POLL_SECONDS = 15;
const UNDO_DEPTH = 50;

export class WorkScreen {
  constructor(setup, makeTask) {
    this.setup = setup;
    this.messages = new Messages(setup.messages, setup.language);
    this.api = new Api(setup);
    this.outbox = new Outbox(setup.account, setup.urls.submit);
    this.saving = new Saving(this.outbox, this.api, {
      sent: (_send, answer) => this.take(answer),
      lost: (send, failure) => this.lose(send, failure),
      want: () => Math.max(0, setup.batch - this.here.length),
    });
    this.panels = new Panels(this.messages);
    this.bar = new StatusBar(this.messages, this.panels, setup.username);
    this.task = makeTask(this);
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
    this.hotkeys = new Hotkeys({
      keys: setup.keys,
      messages: this.messages,
      save: (keys) => this.api.send("keys", { keys }),
    });
    this.cards = new ConceptCards({ url: setup.urls.card, messages: this.messages });
    this.current = null; // the item on the screen
    this.ahead = []; // the next ones, their photos decoded or on their way
    this.past = []; // what Z reaches: {item, said, key}
    this.stint = { done: 0, size: 0 };
    this.paused = null;
    this.lostItems = 0;
    this.loaded = false;
    this.loadFailure = null;
    this.saving.addEventListener("change", () => this.onSaving());
    new Controls(this);
  }

  get here() {
    return this.current ? [this.current, ...this.ahead] : this.ahead;
  }

  async start() {
    this.render();
    await this.outbox.load();
    if (this.outbox.size) await this.saving.drain(); // first, so that the server knows what is done
    await this.fetchItems();
    setInterval(() => this.everySecond(), 1000);
  }

  // ---------- items ----------

  // Renews what is held, and brings what is missing.
  async fetchItems() {
    if (this.fetching) return;
    this.fetching = true;
    clearTimeout(this.poll);
    try {
      const have = this.here.map((item) => item.assignment);
      const answer = await this.api.send("lease", { want: this.setup.batch, have });
      this.loaded = true;
      this.loadFailure = null;
      const wasCutOff = this.saving.state === "signed-out" || this.cutOff;
      this.cutOff = false;
      if (this.saving.state === "signed-out") this.saving.set("ok");
      this.forgetAllBut(answer.held, answer.paused);
      if (!this.past.length) this.past = answer.past.reverse().map((entry) => this.pastOf(entry));
      const unsent = this.outbox.sends.filter((send) => send.name === "submit").length;
      this.stint = { done: answer.stint.done + unsent, size: Math.max(answer.stint.size, answer.stint.done + unsent) };
      this.take(answer);
      if (wasCutOff) this.revive();
      if (this.outbox.size) this.saving.tryNow();
    } catch (failure) {
      if (!failure.kind) throw failure;
      if (failure.kind === "signed-out") this.saving.set("signed-out", failure.code);
      else this.loadFailure = failure;
    } finally {
      this.fetching = false;
      this.fetchedAt = Date.now();
      this.render();
    }
  }

  pastOf({ key, rejected, bad_box, right_tag, choice, text, ...item }) {
    return { item, key, said: { rejected, bad_box, right_tag, choice, text } };
  }

  // Photos that failed for want of a network or a session get another chance once there is one.
  revive() {
    for (const item of this.here.filter((other) => other.failed)) prepareAgain(item);
    if (this.current && !this.current.ready) this.show();
  }

  // Items ahead whose lease went to others while this page slept.
  forgetAllBut(held, paused) {
    if (paused) return;
    const still = new Set(held);
    this.ahead = this.ahead.filter((item) => still.has(item.assignment));
  }

  take(answer) {
    if ("paused" in answer) this.paused = answer.paused;
    const known = new Set(this.here.map((item) => item.assignment));
    for (const send of this.outbox.sends) known.add(send.content.assignment);
    for (const item of answer.items ?? []) {
      if (known.has(item.assignment)) continue;
      this.ahead.push(item);
      prepare(item);
    }
    if (!this.current) this.next();
    else this.render();
  }

  next(since) {
    this.current = this.ahead.shift() ?? null;
    this.show(since);
  }

  show(since) {
    const item = this.current;
    if (!item) {
      this.stage.clear();
      this.task.show(null);
      this.task.block(true);
    } else if (item.ready) {
      this.display(item, since);
    } else {
      this.stage.clear();
      this.task.show(item, item.draft);
      this.task.block(true);
      prepare(item).then((isReady) => {
        if (this.current !== item) return;
        if (isReady) this.display(item, since);
        this.render();
      });
    }
    this.render();
  }

  display(item, since) {
    this.stage.show(item);
    this.task.show(item, item.draft);
    this.task.block(false);
    if (!openDialog() && this.stateToShow() === "task") this.task.focusFirst();
    this.effort.take();
    this.announce(item);
    if (since !== undefined) this.measure(since);
  }

  announce({ box, image }) {
    const place = this.messages.say(placeOf(box, image));
    byId("photo").setAttribute(
      "aria-label",
      this.messages.say("photo", { width: image.width, height: image.height, place }),
    );
    this.say(
      this.messages.say("announce", {
        number: this.stint.done + 1,
        size: Math.max(this.stint.size, this.stint.done + 1),
        width: Math.round(box[2] - box[0]),
        height: Math.round(box[3] - box[1]),
        place,
      }),
    );
  }

  say(sentence) {
    byId("status").textContent = sentence;
  }

  // From the key or click to the frame in which the next item is painted.
  measure(since) {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => performance.measure("argus:next-item", { start: since, end: performance.now() });
      channel.port2.postMessage(null);
    });
  }

  // ---------- what people do ----------

  get canAct() {
    return Boolean(this.current?.ready) && this.panels.shown === "task";
  }

  submit(since) {
    if (!this.canAct) return;
    if (!this.task.isComplete) {
      this.say(this.messages.say("unchosen"));
      return;
    }
    const item = this.current;
    const said = this.task.said;
    const sent = {
      assignment: item.assignment,
      ticket: item.ticket,
      ...said,
      seconds: this.effort.take() + (item.spent ?? 0),
      key: newKey(),
    };
    item.spent = 0;
    item.draft = this.task.draft;
    this.task.sent?.(item);
    this.past.push({ item, said, key: sent.key });
    if (this.past.length > UNDO_DEPTH) this.past.shift();
    this.outbox.add("submit", sent);
    this.stint.done += 1;
    this.next(since);
    this.saving.kick();
    if (this.stint.done >= this.stint.size && this.current) this.fetchItems();
  }

  undo() {
    if (this.panels.shown !== "task" && this.panels.shown !== "empty" && this.panels.shown !== "loading") return;
    const last = this.past.pop();
    if (!last) {
      this.say(this.messages.say("nothing_before"));
      return;
    }
    this.putBack();
    const unsent = this.outbox.sends.find((send) => send.content.key === last.key);
    if (unsent && unsent !== this.saving.underWay) this.outbox.remove(unsent);
    else this.outbox.add("undo", { verdict: last.key, key: newKey() });
    const { item } = last;
    item.draft ??= this.task.draftOf(last);
    this.stint.done = Math.max(0, this.stint.done - 1);
    this.current = item;
    this.show();
    this.saving.kick();
  }

  // The item on the screen becomes the next one again, with its marks.
  putBack() {
    if (!this.current) return;
    this.current.draft = this.task.draft;
    this.current.spent = (this.current.spent ?? 0) + this.effort.take();
    this.ahead.unshift(this.current);
    this.current = null;
  }

  skip(reason) {
    if (!this.current || this.panels.shown !== "task") return;
    this.outbox.add("skip", { assignment: this.current.assignment, reason });
    this.next();
    this.saving.kick();
  }

  retryPhoto() {
    if (!this.current?.failed) return;
    prepareAgain(this.current);
    this.show();
  }

  // ---------- what the server did not take ----------

  lose(send, failure) {
    if (failure.code === "bad_answer" && this.takeBack(send)) {
      this.panels.refused(failure.message);
      return;
    }
    if (send.name === "submit" && failure.code !== "already_done") {
      this.past = this.past.filter((entry) => entry.key !== send.content.key);
      this.stint.done = Math.max(0, this.stint.done - 1);
    }
    if (send.name === "submit" && failure.code === "lease_lost") {
      this.lostItems += 1;
      this.showLostText(send.content.text || send.content.right_tag || "");
    } else if (send.name === "undo") {
      this.standAsSent(failure.code === "held_back" ? failure.message : this.messages.say("not_undone"));
    } else if (failure.code !== "already_done" && failure.code !== "lease_lost") {
      this.panels.refused(this.messages.say("refused", { reason: failure.message }));
    }
    this.render();
  }

  // The words do not do: the item, still held, comes back with them.
  takeBack(send) {
    const entry = this.past.find((other) => other.key === send.content.key);
    if (!entry) return false;
    this.past = this.past.filter((other) => other !== entry);
    this.stint.done = Math.max(0, this.stint.done - 1);
    this.putBack();
    this.current = entry.item;
    this.show();
    return true;
  }

  showLostText(text) {
    byId("lost-text").hidden = !text;
    byId("lost-label").textContent = this.messages.say("lost_text");
    byId("lost-words").textContent = text;
  }

  // An undo that is not taken: the item on the screen is done, and so is what was sent about it since.
  standAsSent(reason) {
    this.panels.refused(reason);
    for (const send of this.outbox.sends.filter((other) => other.name !== "undo")) this.outbox.remove(send);
    this.current = null;
    this.fetchItems();
  }

  // ---------- the screen ----------

  stateToShow() {
    if (this.saving.state === "signed-out") return "signed-out";
    if (this.lostItems) return "lost";
    if (this.paused) return "paused";
    const isOffline = this.saving.state === "offline" || this.loadFailure?.kind === "network";
    if (this.current && !(this.current.failed && isOffline)) return "task";
    if (isOffline) return "offline";
    if (this.loadFailure) return "error";
    const mayStillCome = this.fetching || (this.outbox.size > 0 && this.saving.state !== "failing");
    return this.loaded && !mayStillCome ? "empty" : "loading";
  }

  render() {
    const state = this.stateToShow();
    const before = this.panels.shown;
    this.panels.show(state);
    if (state === "task" && before && before !== "task" && this.current.ready && !openDialog()) this.task.focusFirst();
    this.renderSaved(state);
    this.bar.progress(this.stint, this.loaded);
    this.bar.before(this.past.length ? this.task.summary(this.past.at(-1)) : null);
    byId("photo-failed").hidden = !(state === "task" && this.current.failed);
    if (state === "task" && this.current.failed) this.task.block(true);
    if (state === "paused") byId("paused-title").textContent = this.messages.say("paused_at", this.paused);
    clearTimeout(this.poll);
    const waits = ["empty", "paused", "offline", "error"].includes(state);
    if (waits) this.poll = setTimeout(() => this.fetchItems(), (POLL_SECONDS + Math.random() * 5) * 1000);
  }

  renderSaved(state) {
    this.bar.saved(state, this.saving, this.outbox.size, this.ahead.length);
    if (state === "error") this.bar.loadFailed(this.loadFailure, this.fetchedAt + POLL_SECONDS * 1000);
  }

  everySecond() {
    if (this.saving.state === "failing" || this.panels.shown === "error") this.renderSaved(this.panels.shown);
    const lease = this.setup.leaseMinutes * 60_000;
    if (!document.hidden && this.current && Date.now() - this.fetchedAt > lease / 3) this.fetchItems();
  }

  // ---------- what the page is told ----------

  onSaving() {
    const { state } = this.saving;
    this.render();
    if (state === "offline" && !this.cutOff) this.say(byId("notice-offline").innerText);
    if (state === "offline" || state === "signed-out") this.cutOff = true;
    else if (state === "ok" && this.cutOff) this.fetchItems();
  }

  goOn() {
    this.lostItems = 0;
    this.render();
  }

  explain() {
    if (!this.current || this.panels.shown !== "task") return;
    openDialog()?.close(); // the guide's button
    const { tags, tag, tag_id: id } = this.current;
    this.cards.open(tags ?? [{ id, text: tag }]);
  }

  askWhy() {
    if (this.current && this.panels.shown === "task") showDialog("skip");
  }

  tryNow() {
    this.saving.tryNow();
    if (!this.current) this.fetchItems();
  }

  async resume() {
    this.saving.set("ok");
    await this.saving.drain();
    await this.fetchItems();
  }

  // Leaving gives the untouched items back to others at once instead of after the lease.
  release() {
    const unsent = new Set(this.outbox.sends.map((send) => send.content.assignment));
    const assignments = this.here.map((item) => item.assignment).filter((id) => !unsent.has(id));
    if (assignments.length) this.api.send("release", { assignments }, { leaving: true }).catch(() => {});
  }
}

export function startScreen(makeTask) {
  new WorkScreen(JSON.parse(byId("setup").textContent), makeTask).start();
}
