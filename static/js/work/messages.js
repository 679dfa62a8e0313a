// Sentences in the reader's language. They come with the page (verification/views/annotator/messages.py).

export class Messages {
  constructor(sentences, language) {
    this.sentences = sentences;
    this.plurals = new Intl.PluralRules(language || "en");
  }

  // The sentence `name` with its {placeholders} filled in; `n` chooses among the forms of a sentence with a number.
  say(name, values = {}) {
    let sentence = this.sentences[name];
    if (typeof sentence === "object") sentence = this.form(sentence, values.n ?? 0);
    return sentence.replace(/\{(\w+)\}/g, (placeholder, key) => values[key] ?? placeholder);
  }

  form(forms, n) {
    if (String(n) in forms) return forms[n];
    const category = this.plurals.select(n);
    const alike = Object.keys(forms).find((number) => this.plurals.select(Number(number)) === category);
    return forms[alike ?? "100"];
  }
}
