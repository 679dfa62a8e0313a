// What somebody began to write, kept in this browser until it is sent: a closed laptop loses nothing.

const KEPT = 40;

export class Drafts {
  constructor(account) {
    this.name = `argus-drafts-${account}`;
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.name)) ?? {};
    } catch {
      return {};
    }
  }

  write(drafts) {
    try {
      localStorage.setItem(this.name, JSON.stringify(Object.fromEntries(Object.entries(drafts).slice(-KEPT))));
    } catch {
      // Private windows may keep nothing; the page still does.
    }
  }

  of(item) {
    return this.read()[`a${item.assignment}`] ?? "";
  }

  keep(item, text) {
    const { [`a${item.assignment}`]: _before, ...others } = this.read();
    this.write(text ? { ...others, [`a${item.assignment}`]: text } : others);
  }
}
