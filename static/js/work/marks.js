// A photo with its region marked: one inline SVG in pixels of the photo. The outline lies outside the region.

const SVG = "http://www.w3.org/2000/svg";
const TICK = 24;
const TICK_OFF = 11;
const RETICLE_UNDER = 48;

function element(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const round = (value) => Math.round(value * 100) / 100;

export class MarkedPhoto {
  // `dims`: dim the surroundings. `name` makes the id of the clip path unique in the page.
  constructor(svg, name, { dims = false } = {}) {
    this.svg = svg;
    this.image = element("image", { decoding: "sync" });
    this.dim = dims ? element("path", { class: "dim" }) : null;
    this.outside = element("path", { "clip-rule": "evenodd" });
    const clip = element("clipPath", { id: `outside-${name}` });
    clip.append(this.outside);
    this.outlines = ["m3", "m2", "m1"].map((kind) => element("rect", { class: kind }));
    this.ticks = dims ? ["n3", "n2"].map((kind) => element("path", { class: kind })) : [];
    const outline = element("g", { "clip-path": `url(#outside-${name})` });
    outline.append(...this.outlines);
    const marks = element("g", { class: "marks" });
    marks.append(...(dims ? [this.dim] : []), clip, outline, ...this.ticks);
    svg.replaceChildren(this.image, marks);
  }

  show({ image, box, picture }) {
    const [x1, y1, x2, y2] = box;
    this.box = box;
    const hole = `M${x1} ${y1}H${x2}V${y2}H${x1}z`;
    this.image.setAttribute("width", image.width);
    this.image.setAttribute("height", image.height);
    this.image.setAttribute("preserveAspectRatio", "none"); // the display copy is rounded to whole pixels
    this.image.setAttribute("href", picture?.src ?? image.src);
    const far = 4 * Math.max(image.width, image.height);
    this.outside.setAttribute("d", `M${-far} ${-far}H${2 * far}V${2 * far}H${-far}z${hole}`);
    for (const outline of this.outlines) {
      for (const [key, value] of [["x", x1], ["y", y1], ["width", x2 - x1], ["height", y2 - y1]]) {
        outline.setAttribute(key, value);
      }
    }
    if (this.dim) {
      this.dim.setAttribute("d", `M0 0H${image.width}V${image.height}H0z${hole}`);
      this.dim.setAttribute("class", `dim ${image.luma > 0.6 ? "dim-bright" : image.luma < 0.36 ? "dim-dark" : ""}`);
    }
  }

  clear() {
    this.image.removeAttribute("href");
    for (const part of [this.dim, this.outside, ...this.ticks]) part?.setAttribute("d", "");
    for (const outline of this.outlines) outline.setAttribute("width", 0);
  }

  // Shows `view`, drawn at `scale` CSS pixels for a pixel of the photo.
  look(view, scale) {
    this.svg.setAttribute("viewBox", [view.x, view.y, view.width, view.height].map(round).join(" "));
    const [x1, y1, x2, y2] = this.box;
    const small = Math.min(x2 - x1, y2 - y1) * scale < RETICLE_UNDER;
    const [near, far] = [TICK_OFF / scale, (TICK_OFF + TICK) / scale];
    const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
    const lines =
      `M${x1 - near} ${y}H${x1 - far}M${x2 + near} ${y}H${x2 + far}` +
      `M${x} ${y1 - near}V${y1 - far}M${x} ${y2 + near}V${y2 + far}`;
    for (const tick of this.ticks) tick.setAttribute("d", small ? lines : "");
  }
}
