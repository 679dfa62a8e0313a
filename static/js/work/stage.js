// The photo with zoom and pan, the close-up, and the inset on phones.

import { MarkedPhoto } from "./marks.js";
import { clampView, farCorner, regionView, wholeView, zoomedView } from "./views.js";

const STEP = 1.5;
const INSET_UNDER = 64;
const LONG_PRESS = 350;

const sizeOf = (node) => ({ width: node.clientWidth || 1, height: node.clientHeight || 1 });

export class Stage {
  constructor({ stage, photo, closeup, inset, caption, hideButton, messages }) {
    Object.assign(this, { stage, photo, closeup, inset, caption, hideButton, messages });
    this.main = new MarkedPhoto(photo, "photo", { dims: true });
    this.close = new MarkedPhoto(closeup.querySelector("svg"), "close");
    this.small = new MarkedPhoto(inset.querySelector("svg"), "inset");
    this.item = null;
    this.fitted = "whole";
    this.pointers = new Map();
    const watcher = new ResizeObserver(() => this.refit());
    watcher.observe(photo);
    watcher.observe(closeup);
    this.listen();
  }

  // Everything of the new item in one go, so that it is painted in one frame.
  show(item) {
    this.item = item;
    this.fitted = "whole";
    for (const picture of [this.main, this.close, this.small]) picture.show(item);
    this.bare(false);
    this.refit();
  }

  clear() {
    this.item = null;
    for (const picture of [this.main, this.close, this.small]) picture.clear();
    this.caption.textContent = "";
    this.inset.hidden = true;
  }

  refit() {
    if (!this.item) return;
    const { box, image } = this.item;
    const slot = sizeOf(this.photo);
    if (this.fitted === "whole") this.view = wholeView(image, slot);
    else if (this.fitted === "region") this.view = regionView(box, image, slot);
    else this.view = clampView({ ...this.view, height: (this.view.width * slot.height) / slot.width }, image);
    this.look();
    const closeSlot = sizeOf(this.closeup);
    const closeView = regionView(box, image, closeSlot);
    const zoom = closeSlot.width / closeView.width;
    this.close.look(closeView, zoom);
    const [x1, y1, x2, y2] = box;
    this.caption.textContent = this.messages.say("caption", {
      width: Math.round(x2 - x1),
      height: Math.round(y2 - y1),
      zoom: zoom.toLocaleString(undefined, { maximumFractionDigits: zoom < 2 ? 1 : 0 }),
    });
  }

  look() {
    const scale = sizeOf(this.photo).width / this.view.width;
    const [x1, y1, x2, y2] = this.item.box;
    this.main.look(this.view, scale);
    this.stage.classList.toggle("is-zoomed", this.fitted !== "whole");
    const needsInset = this.fitted === "whole" && Math.min(x2 - x1, y2 - y1) * scale < INSET_UNDER;
    this.inset.hidden = !needsInset;
    if (needsInset) {
      const view = regionView(this.item.box, this.item.image, { width: 1, height: 1 });
      this.small.look(view, 108 / view.width);
      this.inset.className = `inset ${farCorner(this.item.box, this.view)}`;
    }
  }

  toggleFit() {
    this.fitted = this.fitted === "whole" ? "region" : "whole";
    this.refit();
  }

  // Around the region while it is in view, else around the middle.
  zoom(factor, point = null) {
    if (!this.item) return;
    const { box, image } = this.item;
    const middle = { x: this.view.x + this.view.width / 2, y: this.view.y + this.view.height / 2 };
    const centre = { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 };
    const seen =
      Math.abs(centre.x - middle.x) < this.view.width / 2 && Math.abs(centre.y - middle.y) < this.view.height / 2;
    this.view = zoomedView(this.view, factor, point ?? (seen ? centre : middle), image, sizeOf(this.photo));
    const whole = wholeView(image, sizeOf(this.photo));
    this.fitted = this.view.width >= whole.width * 0.999 ? "whole" : "free";
    if (this.fitted === "whole") this.view = whole;
    this.look();
  }

  zoomIn() {
    this.zoom(STEP);
  }

  zoomOut() {
    this.zoom(1 / STEP);
  }

  // Without marks, as long as a key or a finger is held, or until the button is pressed again.
  bare(on) {
    this.stage.classList.toggle("is-bare", on);
    this.closeup.classList.toggle("is-bare", on);
    this.hideButton.setAttribute("aria-pressed", String(on));
  }

  get isBare() {
    return this.stage.classList.contains("is-bare");
  }

  listen() {
    this.photo.addEventListener("pointerdown", (event) => this.press(event));
    this.photo.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.photo.addEventListener(name, (event) => this.letGo(event));
    }
    this.photo.addEventListener("dblclick", () => this.item && this.toggleFit());
    this.photo.addEventListener("contextmenu", (event) => this.pointers.size && event.preventDefault());
    this.photo.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  pointAt({ clientX, clientY }) {
    const frame = this.photo.getBoundingClientRect();
    const scale = this.view.width / frame.width;
    return { x: this.view.x + (clientX - frame.left) * scale, y: this.view.y + (clientY - frame.top) * scale };
  }

  press(event) {
    if (!this.item || (event.pointerType === "mouse" && event.button !== 0)) return;
    this.pointers.set(event.pointerId, event);
    this.photo.setPointerCapture(event.pointerId);
    clearTimeout(this.longPress);
    if (event.pointerType !== "mouse" && this.pointers.size === 1) {
      this.longPress = setTimeout(() => this.bare(true), LONG_PRESS);
    }
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.item) return;
    const moved = Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
    if (moved < 4 && this.pointers.size === 1 && !this.stage.classList.contains("is-dragged")) return;
    clearTimeout(this.longPress);
    if (this.pointers.size === 2) this.pinch(before, event);
    else if (this.fitted !== "whole") this.pan(before, event);
    this.pointers.set(event.pointerId, event);
  }

  pan(before, event) {
    this.stage.classList.add("is-dragged");
    const scale = this.view.width / sizeOf(this.photo).width;
    const x = this.view.x - (event.clientX - before.clientX) * scale;
    const y = this.view.y - (event.clientY - before.clientY) * scale;
    this.fitted = "free";
    this.view = clampView({ ...this.view, x, y }, this.item.image);
    this.look();
  }

  pinch(before, event) {
    const other = [...this.pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    const apart = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY) || 1;
    const middle = { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 };
    this.zoom(apart(event) / apart(before), this.pointAt(middle));
  }

  letGo(event) {
    clearTimeout(this.longPress);
    this.pointers.delete(event.pointerId);
    if (!this.pointers.size) this.stage.classList.remove("is-dragged");
    if (event.pointerType !== "mouse") this.bare(false);
  }

  wheel(event) {
    if (!this.item) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.zoom(Math.exp(-event.deltaY * lines * 0.002), this.pointAt(event));
  }
}
