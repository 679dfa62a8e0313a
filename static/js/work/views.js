// Arithmetic of what is in view. Boxes are [x1, y1, x2, y2], views {x, y, width, height}, both in pixels of the photo.

const CONTEXT = 0.6; // how much of the region's size is shown around it

// The whole photo with the proportions of a slot of `slot.width` × `slot.height` CSS pixels.
export function wholeView(image, slot) {
  const scale = Math.min(slot.width / image.width, slot.height / image.height);
  const width = slot.width / scale;
  const height = slot.height / scale;
  return { x: (image.width - width) / 2, y: (image.height - height) / 2, width, height };
}

// The region and its surroundings; never cut, and inside the photo where that is possible.
export function regionView(box, image, slot, smallest = 48) {
  const [x1, y1, x2, y2] = box;
  const aspect = slot.width / slot.height;
  const height = Math.max((y2 - y1) * (1 + CONTEXT), ((x2 - x1) * (1 + CONTEXT)) / aspect, smallest);
  const width = height * aspect;
  return {
    x: inside((x1 + x2) / 2 - width / 2, width, image.width),
    y: inside((y1 + y2) / 2 - height / 2, height, image.height),
    width,
    height,
  };
}

// Moves a stretch of `length` starting at `start` into 0…`limit`; one that is longer than that is centred.
function inside(start, length, limit) {
  if (length >= limit) return (limit - length) / 2;
  return Math.min(Math.max(start, 0), limit - length);
}

export function clampView(view, image) {
  return { ...view, x: inside(view.x, view.width, image.width), y: inside(view.y, view.height, image.height) };
}

// Zoomed by `factor` around a point of the photo; not further out than the whole, nor closer than 24 CSS pixels a pixel.
export function zoomedView(view, factor, point, image, slot) {
  const whole = wholeView(image, slot);
  const width = Math.min(Math.max(view.width / factor, slot.width / 24), whole.width);
  const by = width / view.width;
  const next = {
    x: point.x - (point.x - view.x) * by,
    y: point.y - (point.y - view.y) * by,
    width,
    height: view.height * by,
  };
  return clampView(next, image);
}

// "top left" … in ninths of the photo.
export function placeOf(box, image) {
  const third = (value, limit, names) => names[Math.min(2, Math.floor((3 * value) / limit))];
  const rows = third((box[1] + box[3]) / 2, image.height, ["top", "centre", "bottom"]);
  const columns = third((box[0] + box[2]) / 2, image.width, ["left", "centre", "right"]);
  return `place_${rows}_${columns}`;
}

// The corner of the stage that is farthest from the region: tl, tr, bl or br.
export function farCorner(box, view) {
  const x = (box[0] + box[2]) / 2 - view.x;
  const y = (box[1] + box[3]) / 2 - view.y;
  return (y < view.height / 2 ? "b" : "t") + (x < view.width / 2 ? "r" : "l");
}
