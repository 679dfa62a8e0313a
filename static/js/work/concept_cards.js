// What the tags of the item on the screen mean: a card for each, fetched when it is asked for, shown over the item.

import { byId } from "./panels.js";

export class ConceptCards {
  constructor({ url, messages }) {
    Object.assign(this, { url, messages });
    this.fetched = new Map();
    this.shown = 0;
  }

  // `tags`: {id, text}; the first one is shown at once.
  open(tags) {
    const choices = byId("card-tags");
    choices.hidden = tags.length < 2;
    choices.replaceChildren(
      ...tags.map(({ id, text }, place) => {
        const button = document.createElement("button");
        const key = document.createElement("kbd");
        const name = document.createElement("bdi");
        Object.assign(button, { type: "button", className: "btn" });
        button.dataset.concept = id;
        key.textContent = place + 1;
        key.setAttribute("aria-hidden", "true");
        name.textContent = text;
        button.append(key, name);
        button.addEventListener("click", () => this.show(id));
        return button;
      }),
    );
    byId("card-dialog").showModal();
    this.show(tags[0].id);
  }

  async show(id) {
    this.shown = id;
    for (const button of byId("card-tags").children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.concept) === id));
    }
    let card;
    try {
      card = await this.card(id);
    } catch {
      card = document.createElement("p");
      card.textContent = this.messages.say("no_card");
    }
    if (this.shown === id) byId("card").replaceChildren(card);
  }

  async card(id) {
    if (!this.fetched.has(id)) {
      const answer = await fetch(this.url.replace("/0/", `/${id}/`), { headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.fetched.set(id, page.querySelector(".concept-card"));
    }
    return this.fetched.get(id).cloneNode(true);
  }
}
