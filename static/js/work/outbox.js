// What was decided and not yet sent, kept in this browser for each account until the server has it.

const DATABASE = "argus-outbox";
const STORE = "sends";

function promised(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    const store = request.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
    store.createIndex("queue", ["account", "place"]);
  };
  return promised(request);
}

// A queue of sends, first in, first out. `account` and `place` (the task's address) say whose and where.
export class Outbox {
  constructor(account, place) {
    this.key = [String(account), place];
    this.sends = []; // a copy of what the database holds, in order; the page works on while a write is under way
    this.database = null;
  }

  // Reads what an earlier page left. Without IndexedDB (some private windows) the queue lives as long as the page.
  async load() {
    try {
      this.database = await open();
      this.sends = (await this.all()).map((send) => ({ ...send, written: Promise.resolve() }));
    } catch {
      this.database = null;
    }
  }

  all() {
    const index = this.database.transaction(STORE).objectStore(STORE).index("queue");
    return promised(index.getAll(IDBKeyRange.only(this.key)));
  }

  get size() {
    return this.sends.length;
  }

  first() {
    return this.sends[0];
  }

  // `content` is what goes to the server as `name`. Resolves once it is written.
  add(name, content) {
    const send = { account: this.key[0], place: this.key[1], name, content, since: Date.now() };
    this.sends.push(send);
    send.written = this.write(send);
    return send.written;
  }

  async write(send) {
    if (!this.database) return;
    const { written: _promise, ...record } = send;
    const store = this.database.transaction(STORE, "readwrite", { durability: "strict" }).objectStore(STORE);
    send.id = await promised(store.add(record));
  }

  async remove(send) {
    this.sends = this.sends.filter((other) => other !== send);
    await send.written;
    if (this.database && send.id !== undefined) {
      const store = this.database.transaction(STORE, "readwrite").objectStore(STORE);
      await promised(store.delete(send.id));
    }
  }

  // Another page of the same account may have sent it meanwhile: the database knows.
  async isStillThere(send) {
    await send.written;
    if (!this.database || send.id === undefined) return true;
    const found = await promised(this.database.transaction(STORE).objectStore(STORE).getKey(send.id));
    if (found === undefined) this.sends = this.sends.filter((other) => other !== send);
    return found !== undefined;
  }
}
