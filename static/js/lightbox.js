// Pictures one after the other on the whole window: keys, swipes, and as large as one wants them.
import { words } from "./toast.js";

const MOST = 5; // times as large as it fits the window
const STEP = 1.5;
const SWIPED = 50; // pixels
const TWICE = 300; // milliseconds between two taps that are one thing

function part(name, options, ...inside) {
  const made = Object.assign(document.createElement(name), options);
  made.append(...inside);
  return made;
}

function button(icon, label, act) {
  const made = part("button", { className: "icon-button", type: "button" }, part("i", { className: `i-${icon}` }));
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

/* A picture that is made larger, and then moved about behind its window. */
function zooming(figure, image, told) {
  let size = 1;
  let x = 0;
  let y = 0;
  const within = (value, most) => Math.max(-most, Math.min(most, value));
  const put = () => {
    x = within(x, Math.max(0, (image.offsetWidth * size - figure.clientWidth) / 2));
    y = within(y, Math.max(0, (image.offsetHeight * size - figure.clientHeight) / 2));
    image.style.transform = size > 1 ? `translate(${x}px, ${y}px) scale(${size})` : "";
    figure.classList.toggle("is-zoomed", size > 1);
    told(size > 1);
  };
  return {
    get isLarge() {
      return size > 1;
    },
    by(factor, point) {
      const next = Math.max(1, Math.min(MOST, size * factor));
      const box = figure.getBoundingClientRect();
      const across = point ? point.clientX - box.left - box.width / 2 : 0;
      const down = point ? point.clientY - box.top - box.height / 2 : 0;
      x = across - ((across - x) * next) / size; // what is under the finger stays there
      y = down - ((down - y) * next) / size;
      size = next;
      put();
    },
    move(across, down) {
      x += across;
      y += down;
      put();
    },
    whole() {
      size = 1;
      put();
    },
  };
}

export function openPicture(tile) {
  const tiles = [...tile.closest("[data-media]").querySelectorAll("a.tile")];
  let at = tiles.indexOf(tile);
  const image = part("img", { decoding: "async", draggable: false });
  const caption = part("figcaption", { dir: "auto" });
  const describe = part("a", { className: "lightbox-describe", textContent: words.describe });
  const count = part("span", {});
  const dialog = part("dialog", { className: "lightbox" });
  const figure = part("figure", {}, image);
  const zoom = zooming(figure, image, (isLarge) => {
    magnify.firstChild.className = `i-zoom-${isLarge ? "out" : "in"}`;
    magnify.setAttribute("aria-label", isLarge ? words.smaller : words.larger);
  });
  const show = (to) => {
    at = Math.min(tiles.length - 1, Math.max(0, to));
    const small = tiles[at].querySelector("img");
    zoom.whole();
    image.src = tiles[at].href;
    image.alt = small.alt;
    image.width = small.getAttribute("width") ?? 0;
    image.height = small.getAttribute("height") ?? 0;
    if (!image.width) image.removeAttribute("width");
    if (!image.height) image.removeAttribute("height");
    caption.textContent = small.alt;
    describe.hidden = !tiles[at].dataset.describe;
    describe.href = tiles[at].dataset.describe ?? "";
    count.textContent = tiles.length > 1 ? `${at + 1} / ${tiles.length}` : "";
    earlier.hidden = at === 0;
    later.hidden = at === tiles.length - 1;
  };
  const earlier = button("arrow-left", words.previous, () => show(at - 1));
  const later = button("arrow-right", words.next, () => show(at + 1));
  const magnify = button("zoom-in", words.larger, () => (zoom.isLarge ? zoom.whole() : zoom.by(STEP * STEP)));
  const close = button("x", words.close, () => dialog.close());
  const bar = part("div", { className: "lightbox-bar" }, close, count, part("span", {}, magnify, earlier, later));
  const sign = () => (document.documentElement.dir === "rtl" ? -1 : 1);
  dialog.append(bar, figure, part("div", { className: "lightbox-foot" }, caption, describe));
  dialog.setAttribute("aria-label", words.picture);
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -tiles.length, End: tiles.length }[event.key];
    const factor = { "+": STEP, "=": STEP, "-": 1 / STEP }[event.key];
    if (factor) zoom.by(factor);
    else if (event.key === "0") zoom.whole();
    else if (zoom.isLarge && move) zoom.move(...move);
    else if (step) show(at + step * (Math.abs(step) === 1 ? sign() : 1));
    else return;
    event.preventDefault();
  });
  watchFingers(figure, zoom, {
    swiped: (step) => show(at + step * sign()),
    dismissed: () => dialog.close(),
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    tiles[at].focus();
  });
  document.body.append(dialog);
  show(at);
  dialog.showModal();
}

/* One finger swipes, or moves what is large; two make it larger; two taps do so at once; a wheel does. */
function watchFingers(figure, zoom, { swiped, dismissed }) {
  const fingers = new Map();
  let begin = null;
  let tapped = null;
  figure.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    figure.setPointerCapture?.(event.pointerId);
    fingers.set(event.pointerId, event);
    begin = fingers.size === 1 ? { event, wasLarge: zoom.isLarge, on: event.target } : null;
  });
  figure.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const other = [...fingers.values()].find((one) => one.pointerId !== event.pointerId);
    if (other) {
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      zoom.by(apart(event) / apart(before), {
        clientX: (event.clientX + other.clientX) / 2,
        clientY: (event.clientY + other.clientY) / 2,
      });
    } else if (zoom.isLarge) zoom.move(event.clientX - before.clientX, event.clientY - before.clientY);
    fingers.set(event.pointerId, event);
  });
  figure.addEventListener("pointercancel", (event) => {
    fingers.delete(event.pointerId);
    begin = null;
  });
  figure.addEventListener("pointerup", (event) => {
    fingers.delete(event.pointerId);
    if (!begin) return;
    const across = event.clientX - begin.event.clientX;
    const down = event.clientY - begin.event.clientY;
    const { wasLarge, on } = begin;
    begin = null;
    if (Math.hypot(across, down) < 10) {
      if (tapped && event.timeStamp - tapped < TWICE) {
        tapped = null;
        if (zoom.isLarge) zoom.whole();
        else zoom.by(STEP * STEP, event);
      } else if (on === figure && !wasLarge) dismissed();
      else tapped = event.timeStamp;
    } else if (wasLarge) return;
    else if (Math.abs(across) > SWIPED && Math.abs(across) > Math.abs(down)) swiped(across < 0 ? 1 : -1);
    else if (down > 90) dismissed();
  });
  // The click that would follow may hit what lies below a picture that is closed by then.
  figure.addEventListener("touchend", (event) => event.cancelable && event.preventDefault());
  figure.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom.by(Math.exp(-event.deltaY / 400), event);
  }, { passive: false });
}
