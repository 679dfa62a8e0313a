// Brightness and contrast of the photo, as the person left them; the marks on it keep theirs.

import { byId } from "./panels.js";

export function listenToAdjustments() {
  const fields = [byId("brightness"), byId("contrast")];
  const adjust = byId("adjust");
  const apply = () => {
    const [brightness, contrast] = fields.map((field) => Number(field.value) / 100);
    const isOn = brightness !== 1 || contrast !== 1;
    for (const channel of byId("tone").querySelectorAll("[type=linear]")) {
      channel.setAttribute("slope", brightness * contrast);
      channel.setAttribute("intercept", (1 - contrast) / 2);
    }
    for (const image of document.querySelectorAll("#work svg > image")) {
      if (isOn) image.setAttribute("filter", "url(#tone)");
      else image.removeAttribute("filter");
    }
    adjust.classList.toggle("is-on", isOn);
  };
  for (const field of fields) field.addEventListener("input", apply);
  byId("adjust-reset").addEventListener("click", () => {
    for (const field of fields) field.value = 100;
    apply();
  });
  document.addEventListener("pointerdown", (event) => {
    if (adjust.open && !adjust.contains(event.target)) adjust.open = false;
  });
  adjust.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !adjust.open) return;
    adjust.open = false;
    adjust.querySelector("summary").focus();
    event.stopPropagation();
  });
}
