// Empties the outbox: one send at a time, in order, until the server has each of them exactly once.

const RETRY_SECONDS = [5, 10, 20, 40, 60];
const OFFLINE_SECONDS = [3, 5, 10, 15];

// States: ok, busy, offline, signed-out, failing (with `reference` and `seconds` until the next try).
export class Saving extends EventTarget {
  constructor(outbox, api, { sent, lost, want }) {
    super();
    Object.assign(this, { outbox, api, sent, lost, want });
    this.state = "ok";
    this.reference = "";
    this.failures = 0;
    this.underWay = null; // the send that is on its way: it cannot be taken back any more
    this.running = false;
    this.nextTry = 0;
    this.timer = 0;
    addEventListener("online", () => this.tryNow());
    addEventListener("offline", () => this.set("offline"));
  }

  get secondsLeft() {
    return Math.max(0, Math.ceil((this.nextTry - Date.now()) / 1000));
  }

  set(state, reference = "") {
    this.state = state;
    this.reference = reference;
    this.dispatchEvent(new Event("change"));
  }

  tryNow() {
    clearTimeout(this.timer);
    this.failures = 0;
    this.running ? undefined : this.drain();
  }

  // Starts sending if it does not run already and nothing holds it up.
  kick() {
    if (this.running) return;
    if (this.state === "ok" || this.state === "busy") this.drain();
    else this.dispatchEvent(new Event("change"));
  }

  async drain() {
    if (this.running) return;
    this.running = true;
    try {
      await this.exclusively(() => this.sendAll());
    } finally {
      this.running = false;
      this.underWay = null;
    }
    if (this.outbox.size && this.state === "ok") this.drain(); // added while the last answer was being handled
  }

  // Two pages of one account share the outbox: one of them sends.
  exclusively(work) {
    if (!navigator.locks) return work();
    return navigator.locks.request(`argus-outbox-${this.outbox.key.join("-")}`, work);
  }

  async sendAll() {
    while (this.outbox.size) {
      const send = this.outbox.first();
      if (this.state !== "failing" && this.state !== "offline") this.set("busy");
      this.underWay = send;
      if (!(await this.outbox.isStillThere(send))) continue;
      try {
        const answer = await this.api.send(send.name, this.contentOf(send));
        await this.outbox.remove(send);
        this.failures = 0;
        this.sent(send, answer);
      } catch (failure) {
        if (!(await this.goesOnAfter(failure, send))) return;
      }
      this.underWay = null;
    }
    this.set("ok");
  }

  contentOf(send) {
    return send.name === "undo" ? send.content : { ...send.content, want: this.want() };
  }

  async goesOnAfter(failure, send) {
    if (failure.kind === "conflict" || failure.kind === "refused") {
      await this.outbox.remove(send); // the server has decided: sending it again changes nothing
      this.failures = 0;
      this.lost(send, failure);
      return true;
    }
    if (failure.kind === "signed-out") {
      this.set("signed-out", failure.code);
      return false;
    }
    const waits = failure.kind === "network" ? OFFLINE_SECONDS : RETRY_SECONDS;
    const seconds = waits[Math.min(this.failures, waits.length - 1)];
    this.failures += 1;
    this.nextTry = Date.now() + seconds * 1000;
    this.timer = setTimeout(() => this.drain(), seconds * 1000);
    this.set(failure.kind === "network" ? "offline" : "failing", failure.reference);
    return false;
  }
}
