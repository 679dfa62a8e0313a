// Buttons and keys of the work screen: which of them does what. The doing is the screen's (screen.js).

import { listenToAdjustments } from "./adjust.js";
import { handleDialogKey, listenToDialogs, openDialog, show as showDialog } from "./dialogs.js";
import { answersEnter, listenForKeys } from "./keys.js";
import { byId } from "./panels.js";
import { listenToSignIn } from "./sign_in.js";

const READ_FIRST = 600; // a state that came up while somebody types is not dismissed by the key already on its way

export class Controls {
  constructor(screen) {
    this.screen = screen;
    this.singleKeys = screen.setup.shortcuts;
    this.listenToButtons();
    this.listenToKeys();
    listenToAdjustments();
    listenToDialogs({ onSkip: (reason) => screen.skip(reason), onSwitch: (box) => this.switchSingleKeys(box) });
    listenToSignIn({
      api: screen.api,
      username: screen.setup.username,
      messages: screen.messages,
      onSignedIn: () => screen.resume(),
    });
    addEventListener("beforeunload", (event) => screen.outbox.size && event.preventDefault());
    addEventListener("focus", () => screen.saving.state === "signed-out" && screen.fetchItems());
  }

  listenToButtons() {
    const { screen } = this;
    const { stage } = screen;
    byId("task").addEventListener("submit", (event) => {
      event.preventDefault();
      screen.submit(event.timeStamp);
    });
    const actions = {
      "#try-now, [data-try]": () => screen.tryNow(),
      "#close-refused": () => screen.panels.refused(""),
      "#next-item": () => screen.goOn(),
      "#skip": () => screen.askWhy(),
      "#photo-retry": () => screen.retryPhoto(),
      "#photo-skip": () => screen.skip("broken_photo"),
      "#zoom-in": () => stage.zoomIn(),
      "#zoom-out": () => stage.zoomOut(),
      "#fit": () => stage.toggleFit(),
      "#hide-marks": () => stage.bare(!stage.isBare),
      "#leave": () => screen.release(),
      "[data-undo]": () => screen.undo(),
      "[data-card]": () => screen.explain(),
    };
    for (const [buttons, act] of Object.entries(actions)) {
      for (const button of document.querySelectorAll(buttons)) button.addEventListener("click", act);
    }
  }

  listenToKeys() {
    const { stage, hotkeys } = this.screen;
    listenForKeys({
      handle: (key, event) => this.handleKey(key, event),
      release: (key) => (key === null || key === "v") && this.heldBare && stage.bare((this.heldBare = false)),
      isOn: () => this.singleKeys,
      usual: (key) => hotkeys.usual(key),
    });
  }

  handleKey(key, event) {
    const { screen } = this;
    const { stage } = screen;
    const dialog = openDialog();
    if (dialog) return handleDialogKey(dialog, key, event.key);
    if (key === "Enter") return this.handleEnter(event);
    if (screen.current?.failed && key === "r") return screen.retryPhoto(), true;
    if (screen.current?.failed && key === "s") return screen.skip("broken_photo"), true;
    if (screen.canAct && screen.task.handleKey(key)) return true;
    const actions = {
      z: () => screen.undo(),
      s: () => screen.askWhy(),
      v: () => stage.bare((this.heldBare = true)),
      f: () => stage.item && stage.toggleFit(),
      "+": () => stage.zoomIn(),
      "=": () => stage.zoomIn(),
      "-": () => stage.zoomOut(),
      g: () => showDialog("guide"),
      m: () => screen.explain(),
      "?": () => showDialog("shortcuts"),
    };
    if (!(key in actions)) return false;
    actions[key]();
    return true;
  }

  handleEnter(event) {
    const { screen } = this;
    const target = event.target;
    if (screen.panels.shown === "lost") {
      if (performance.now() - screen.panels.shownAt > READ_FIRST) screen.goOn();
      return true;
    }
    if ((answersEnter(target) && target.id !== "submit") || target.closest(".adjust")) return false;
    screen.submit(event.timeStamp);
    return true;
  }

  async switchSingleKeys(box) {
    const { api, messages } = this.screen;
    this.singleKeys = box.checked;
    try {
      await api.send("shortcuts", { enabled: box.checked });
      this.screen.say(messages.say(box.checked ? "shortcuts_on" : "shortcuts_off"));
    } catch {
      box.checked = !box.checked;
      this.singleKeys = box.checked;
    }
  }
}
