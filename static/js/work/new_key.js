// A key that names one send once and for all, so that the server takes it once however often it comes (a version 4 UUID).
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID(); // missing on plain HTTP addresses other than localhost
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}
