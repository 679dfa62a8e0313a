// Seconds of work: hidden pages and pauses of more than a minute do not count.

const IDLE = 60_000;

export class Effort {
  constructor() {
    this.spent = 0;
    this.last = performance.now();
    this.visible = !document.hidden;
    for (const name of ["keydown", "pointermove", "pointerdown", "wheel"]) {
      addEventListener(name, () => this.note(), { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => {
      this.note();
      this.visible = !document.hidden;
    });
  }

  note() {
    const now = performance.now();
    if (this.visible) this.spent += Math.min(now - this.last, IDLE);
    this.last = now;
  }

  // The seconds since the last call.
  take() {
    this.note();
    const seconds = this.spent / 1000;
    this.spent = 0;
    return Math.round(seconds * 100) / 100;
  }
}
