// What is wrong with a written answer, while it is written. The server decides (verification/answer_texts.py).

const SHORTEST = 2;
const SCRIPTS = [
  ["Latin"],
  ["Cyrillic"],
  ["Greek"],
  ["Arabic"],
  ["Hebrew"],
  ["Devanagari"],
  ["Thai"],
  ["Hangul"],
  ["Han", "Hiragana", "Katakana"],
].map((names) => new RegExp(names.map((name) => `\\p{Script=${name}}`).join("|"), "gu"));
const UNSEEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb\ue000-\uf8ff]/u;

export function wholeText(text) {
  const lines = text.normalize("NFC").replace(/\r\n?/g, "\n").split("\n");
  return lines
    .map((line) => line.split(" ").filter(Boolean).join(" "))
    .filter(Boolean)
    .join("\n");
}

// Whether most letters are of a script in which the question is not written.
function isOtherScript(text, like) {
  const counts = SCRIPTS.map((script) => [text.match(script)?.length ?? 0, like.search(script) >= 0]);
  const all = counts.reduce((sum, [count]) => sum + count, 0);
  const known = counts.reduce((sum, [count, isKnown]) => sum + (isKnown ? count : 0), 0);
  return all > 0 && counts.some(([, isKnown]) => isKnown) && 2 * known < all;
}

// The name of the sentence that says what to change; empty when nothing is.
export function problemOf(text, item, longest) {
  const whole = wholeText(text);
  if (whole.length < SHORTEST) return "too_short";
  if ([...whole].length > longest) return "too_long";
  if (UNSEEN.test(whole)) return "unseen";
  if (!/[\p{L}\p{N}]/u.test(whole)) return "no_words";
  if (isOtherScript(whole, item.question)) return "other_script";
  if (whole.toLowerCase() === wholeText(item.answer).toLowerCase()) return "same";
  return "";
}
