// Single-key shortcuts: only without Ctrl, Alt or Meta, outside text fields, not while composing, never repeating.

const TEXT_TYPES = new Set(["text", "password", "search", "email", "number", "url", "tel"]);

function isTextField(node) {
  return node.isContentEditable || node.tagName === "TEXTAREA" || (node.tagName === "INPUT" && TEXT_TYPES.has(node.type));
}

// A button, link or summary answers Enter and Space itself.
export function answersEnter(node) {
  return ["BUTTON", "A", "SUMMARY", "SELECT"].includes(node.tagName);
}

// `handle(key, event)` returns true when it used the key. `isOn()` is the account's switch; Escape and Enter pass always.
// `usual(key)` is the usual key of what this one does, for people who chose their own.
export function listenForKeys({ handle, release, isOn, usual = (key) => key }) {
  const named = (event) => (event.key.length === 1 ? usual(event.key.toLowerCase()) : event.key);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || isTextField(event.target)) return;
    const key = named(event);
    if (event.repeat) {
      if (key === "Enter" || key.length === 1) event.preventDefault();
      return;
    }
    if (!isOn() && key !== "Enter" && key !== "Escape") return;
    if (handle(key, event)) event.preventDefault();
  });
  document.addEventListener("keyup", (event) => release(named(event)));
  addEventListener("blur", () => release(null));
}
