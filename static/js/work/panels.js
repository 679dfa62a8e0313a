// What is shown in the panel: the choices, or the state that keeps them away. Notices take their room from the close-up.

const STATES = ["loading", "empty", "paused", "offline", "error", "lost", "signed-out"];
const QUIET = 1000; // saving that takes less is not shown: the words in the bar stay as they are
const LOADING_AFTER = 400;

export const byId = (id) => document.getElementById(id);

export class Panels {
  constructor(messages) {
    this.messages = messages;
    this.task = byId("task");
    this.states = byId("states");
    this.shown = "";
    this.savedKind = "";
    this.shownAt = 0;
  }

  // `name`: "task" or one of STATES.
  show(name) {
    if (name === this.shown) return;
    this.shown = name;
    this.shownAt = performance.now();
    this.task.hidden = name !== "task" && name !== "loading";
    this.states.hidden = !this.task.hidden;
    byId("work").dataset.state = name;
    for (const state of STATES) byId(`state-${state}`).hidden = state !== name;
    clearTimeout(this.loadingTimer);
    if (name === "loading") this.loadingTimer = setTimeout(() => this.greyRows(), LOADING_AFTER);
    else if (name !== "task") this.focusOn(name);
  }

  greyRows() {
    this.task.hidden = true;
    this.states.hidden = false;
  }

  focusOn(name) {
    const state = byId(`state-${name}`);
    (state.querySelector("input[type=password]") ?? state.querySelector("h2"))?.focus({ preventScroll: true });
  }

  // The words in the bar. `count` is what is not sent yet.
  saved(kind, count) {
    clearTimeout(this.savedTimer);
    if (kind === "busy") this.savedTimer = setTimeout(() => this.setSaved("busy", "saving", 0), QUIET);
    else if (kind === "ok") this.setSaved("ok", "saved", 0);
    else this.setSaved(kind, `${kind.replace("-", "_")}_${count || kind === "failing" ? "short" : "none"}`, count);
  }

  setSaved(kind, sentence, count) {
    byId("saved").dataset.kind = kind;
    byId("saved-words").textContent = this.messages.say(sentence, { n: count });
    byId("saved-count").textContent = count || "";
  }

  offline(on, unsent, ahead) {
    byId("notice-offline").hidden = !on;
    if (!on) return;
    const sentences = [];
    if (unsent) sentences.push(this.messages.say("offline", { n: unsent }));
    sentences.push(this.messages.say("ahead", { n: ahead }));
    byId("notice-offline-words").textContent = sentences.join(" ");
  }

  failing(on, unsent, reference, seconds) {
    byId("notice-failing").hidden = !on;
    if (!on) return;
    const title = this.messages.say("failing_title", { n: unsent });
    if (byId("notice-failing-title").textContent !== title) byId("notice-failing-title").textContent = title;
    byId("notice-failing-words").textContent = this.messages.say("failing", { n: unsent, reference, seconds });
  }

  refused(reason) {
    byId("notice-refused").hidden = !reason;
    byId("notice-refused-words").textContent = reason;
  }
}
