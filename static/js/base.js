// What every page does beyond plain HTML. Without this file all of it still works, only less smoothly.

// One open menu at a time (older browsers ignore <details name>), closed by Escape or a click elsewhere.
const openMenus = () => document.querySelectorAll("details.drop[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A form that was sent is not sent twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 5000);
});

// What htmx could not load is said once, in the page's own words.
function tell(text) {
  const place = document.querySelector(".messages");
  if (!place) return;
  const notice = document.createElement("div");
  notice.className = "notice wrong";
  const words = document.createElement("p");
  words.textContent = text;
  notice.append(words);
  place.replaceChildren(notice);
}

document.addEventListener("htmx:sendError", () => tell(document.body.dataset.offline));
document.addEventListener("htmx:responseError", (event) => {
  const reference = event.detail.xhr.getResponseHeader("X-Request-Id") ?? "";
  tell(`${document.body.dataset.failed} ${reference}`.trim());
});
