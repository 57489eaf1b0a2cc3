// Pictures of entries: blurred while they load, and opened large.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
const SIDE = 24;
const number = (text) => [...text].reduce((sum, digit) => sum * 83 + DIGITS.indexOf(digit), 0);
const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
const byte = (value) => Math.round((value <= 0.0031308 ? Math.max(0, value) * 12.92 : 1.055 * Math.min(1, value) ** (1 / 2.4) - 0.055) * 255);
const bent = (value) => Math.sign(value - 9) * ((value - 9) / 9) ** 2;

function factorsOf(hash) {
  const size = number(hash[0]);
  const across = (size % 9) + 1;
  const down = Math.floor(size / 9) + 1;
  if (hash.length !== 4 + 2 * across * down) return null;
  const scale = (number(hash[1]) + 1) / 166;
  const mean = number(hash.slice(2, 6));
  const factors = [[mean >> 16, (mean >> 8) & 255, mean & 255].map(linear)];
  for (let at = 6; at < hash.length; at += 2) {
    const steps = number(hash.slice(at, at + 2));
    factors.push([Math.floor(steps / 361), Math.floor(steps / 19) % 19, steps % 19].map((step) => bent(step) * scale));
  }
  return { across, down, factors };
}

function paint(tile) {
  const found = factorsOf(tile.dataset.blurhash);
  const image = tile.querySelector("img");
  if (!found || image.complete) return;
  const canvas = Object.assign(document.createElement("canvas"), { className: "tile-ground", width: SIDE, height: SIDE });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(SIDE, SIDE);
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const sum = [0, 0, 0];
      for (let j = 0; j < found.down; j += 1) {
        for (let i = 0; i < found.across; i += 1) {
          const weight = Math.cos((Math.PI * x * i) / SIDE) * Math.cos((Math.PI * y * j) / SIDE);
          found.factors[i + j * found.across].forEach((value, part) => (sum[part] += value * weight));
        }
      }
      pixels.data.set([...sum.map(byte), 255], 4 * (x + y * SIDE));
    }
  }
  context.putImageData(pixels, 0, 0);
  image.before(canvas);
  image.addEventListener("load", () => canvas.remove(), { once: true });
}

function settle(tile) {
  if (tile.dataset.seen) return;
  tile.dataset.seen = "true";
  if (tile.dataset.blurhash) paint(tile);
  if (tile.dataset.focus) {
    const [x, y] = tile.dataset.focus.split(",").map(Number);
    tile.querySelector("img").style.objectPosition = `${50 + x * 50}% ${50 - y * 50}%`;
  }
}
const settleAll = () => document.querySelectorAll("a.tile").forEach(settle);
document.addEventListener("htmx:after:settle", settleAll);
settleAll();

/* Large, one after the other: what shows them comes as soon as somebody reaches for one. */
const shower = () => import("./lightbox.js");

document.addEventListener("pointerover", (event) => {
  if (event.target.closest?.("a.tile")) shower().catch(() => {});
});
document.addEventListener("click", (event) => {
  const tile = event.target.closest?.("a.tile");
  if (!tile || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  shower().then(({ openPicture }) => openPicture(tile), () => location.assign(tile.href));
});
