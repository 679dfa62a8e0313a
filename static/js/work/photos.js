// Photos are fetched and decoded before they are shown, so that the next one is there in one frame.

const TRIES = 3;
const PAUSES = [400, 1500];

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function decoded(src, attempt) {
  const picture = new Image();
  picture.src = attempt ? `${src}${src.includes("?") ? "&" : "?"}again=${attempt}` : src;
  await picture.decode();
  return picture;
}

// Starts to fetch the photo of `item` unless that is done. `item.photo` becomes a promise of true (ready) or false;
// the picture is held by the item, so that the browser keeps it decoded. While offline, a photo waits.
export function prepare(item) {
  item.photo ??= load(item);
  return item.photo;
}

export function prepareAgain(item) {
  item.photo = null;
  item.failed = false;
  return prepare(item);
}

async function load(item) {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      item.picture = await decoded(item.image.src, (item.tries = (item.tries ?? -1) + 1));
      item.ready = true;
      return true;
    } catch {
      if (attempt < TRIES - 1) await pause(PAUSES[attempt]);
    }
  }
  item.failed = true;
  return false;
}
