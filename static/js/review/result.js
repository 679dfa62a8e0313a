// The agreement so far with its interval (E. B. Wilson, 1927), as the server computes it (verification/quality.py).

const Z = 1.959963984540054;
const [LEFT, WIDE] = [8, 296];
const byId = (id) => document.getElementById(id);

export function wilson(hits, trials) {
  if (!trials) return [0, 1];
  const share = hits / trials;
  const spread = (Z * Z) / trials;
  const centre = share + spread / 2;
  const half = Z * Math.sqrt((share * (1 - share)) / trials + spread / (4 * trials));
  const low = hits === 0 ? 0 : Math.max(0, (centre - half) / (1 + spread));
  const high = hits === trials ? 1 : Math.min(1, (centre + half) / (1 + spread));
  return [low, high];
}

export class Result {
  constructor({ setup, messages }) {
    Object.assign(this, { setup, messages });
    this.button = byId("hide-result");
    if (!this.button) return;
    // Seeing how close it is can sway an expert: who does not want to hides it, in this browser for good.
    this.hide(localStorage.getItem("argus-review-result") === "hidden");
    this.button.addEventListener("click", () => this.hide(!byId("result").hidden));
  }

  hide(isHidden) {
    byId("result").hidden = isHidden;
    this.button.setAttribute("aria-pressed", String(isHidden));
    localStorage.setItem("argus-review-result", isHidden ? "hidden" : "shown");
  }

  paint(items) {
    const judged = items.filter((item) => item.mark.state);
    const right = judged.filter((item) => item.mark.state === "agree").length;
    const [low, high] = wilson(right, judged.length);
    const percent = (share) => (100 * share).toLocaleString(this.setup.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    const x = (share) => LEFT + WIDE * share;
    byId("share").textContent = judged.length
      ? this.messages.say("percent", { value: percent(right / judged.length) })
      : "";
    byId("judged").textContent = judged.length
      ? this.messages.say("so_far", { right, judged: judged.length })
      : this.messages.say("nothing_yet");
    byId("band").setAttribute("x", x(judged.length ? low : 0));
    byId("band").setAttribute("width", judged.length ? x(high) - x(low) : 0);
    byId("point").setAttribute("cx", judged.length ? x(right / judged.length) : -20);
    for (const name of ["x1", "x2"]) byId("threshold").setAttribute(name, x(this.setup.threshold));
    const { allowed } = this.setup;
    const wrong = judged.length - right;
    const words = [this.messages.say(wrong > allowed ? "too_many" : "passes", { n: allowed, allowed, wrong })];
    if (judged.length) words.unshift(this.messages.say("interval", { low: percent(low), high: percent(high) }));
    byId("interval").textContent = words.join(" ");
  }
}
