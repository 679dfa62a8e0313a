// Uploads with progress. Without this file the form is sent as it is.

const form = document.querySelector("form[data-upload]");
const error = form.querySelector("[data-error]");
const progress = form.querySelector("[data-progress]");
const button = form.querySelector("button[type=submit]");

function chosen() {
  return [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
}

function complaint() {
  const files = chosen();
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length > Number(form.dataset.mostFiles)) return form.dataset.tooMany;
  if (bytes > Number(form.dataset.mostBytes)) return form.dataset.tooLarge;
  return "";
}

function show(text) {
  error.textContent = text;
  error.hidden = !text;
}

form.addEventListener("change", () => show(complaint()));

function ended(text) {
  button.disabled = false;
  progress.hidden = true;
  show(text);
}

function answered(request) {
  const answer = request.response;
  if (request.status < 300 && answer?.next) {
    location.assign(answer.next);
    return;
  }
  ended(answer?.error?.message ?? form.dataset.failed);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const wrong = complaint();
  show(wrong);
  if (wrong || button.disabled) return;
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    progress.querySelector("progress").value = total ? loaded / total : 0;
  });
  request.addEventListener("load", () => answered(request));
  request.addEventListener("error", () => ended(form.dataset.failed));
  request.addEventListener("abort", () => ended(form.dataset.failed));
  request.responseType = "json";
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  progress.hidden = false;
  button.disabled = true;
  request.send(new FormData(form));
});
