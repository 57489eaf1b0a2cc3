// A picture before it is posted: the point that stays in view and, as long as the page has the file, how it is turned and cut.
import { words } from "./toast.js";

const STEP = 0.05;
const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 0 });
const within = (value, least, most) => Math.min(Math.max(value, least), most);
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Editor {
  constructor(form, image, before) {
    this.form = form;
    this.image = image;
    this.pad = form.querySelector("[data-pad]");
    this.canvas = Object.assign(document.createElement("canvas"), { tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.turn = before?.turn ?? 0;
    this.x = before?.x ?? 0.5; // the middle of the part that is kept, as a share of the picture
    this.y = before?.y ?? 0.5;
    for (const name of ["shape", "zoom", "across", "up"]) if (before?.[name]) form.elements[name].value = before[name];
    this.fingers = new Map();
    this.pad.replaceChildren(this.canvas);
    form.addEventListener("input", (event) => this.changed(event.target.name));
    form.querySelector("[data-turn]").addEventListener("click", () => this.turnRight());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, (event) => this.fingers.delete(event.pointerId));
    new ResizeObserver(() => this.draw()).observe(this.pad);
    this.changed("way");
  }

  get way() {
    return this.form.elements.way.value;
  }

  /** Width and height as it is seen once it is turned. */
  get seen() {
    const { naturalWidth: wide, naturalHeight: high } = this.image;
    return this.turn % 180 ? [high, wide] : [wide, high];
  }

  /** The part that is kept, in shares of what is seen. */
  get part() {
    const [wide, high] = this.seen;
    const shape = Number(this.form.elements.shape.value) || wide / high;
    const zoom = Number(this.form.elements.zoom.value);
    const width = Math.min(1, (shape * high) / wide) / zoom;
    const height = Math.min(1, wide / shape / high) / zoom;
    this.x = within(this.x, width / 2, 1 - width / 2);
    this.y = within(this.y, height / 2, 1 - height / 2);
    return { x: this.x - width / 2, y: this.y - height / 2, width, height };
  }

  changed(name) {
    if (name === "way") {
      for (const part of this.form.querySelectorAll("[data-way]")) part.hidden = part.dataset.way !== this.way;
      this.canvas.setAttribute("aria-label", this.pad.dataset[`${this.way}Label`]);
    }
    this.draw();
  }

  draw() {
    const [wide, high] = this.seen;
    const { x, y, width, height } = this.part;
    const shape = (width * wide) / (height * high);
    const room = Math.min(this.pad.clientWidth, innerHeight * 0.38 * shape);
    if (!room) return;
    const sharp = devicePixelRatio || 1;
    this.canvas.width = Math.round(room * sharp);
    this.canvas.height = Math.round((room / shape) * sharp);
    this.canvas.style.inlineSize = `${room}px`;
    const paint = this.canvas.getContext("2d");
    const scale = this.canvas.width / (width * wide);
    paint.setTransform(scale, 0, 0, scale, -x * wide * scale, -y * high * scale);
    paint.translate(...{ 0: [0, 0], 90: [wide, 0], 180: [wide, high], 270: [0, high] }[this.turn]);
    paint.rotate((this.turn * Math.PI) / 180);
    paint.drawImage(this.image, 0, 0);
    if (this.way === "focus") this.drawPoint(paint, sharp);
  }

  drawPoint(paint, sharp) {
    const [across, up] = this.point;
    paint.resetTransform();
    for (const [colour, size] of [["#000", 5], ["#fff", 2.5]]) {
      paint.beginPath();
      paint.arc(((across + 1) / 2) * this.canvas.width, ((1 - up) / 2) * this.canvas.height, 14 * sharp, 0, 7);
      paint.strokeStyle = colour;
      paint.lineWidth = size * sharp;
      paint.stroke();
    }
  }

  get point() {
    return ["across", "up"].map((name) => Number(this.form.elements[name].value));
  }

  put(across, up) {
    this.form.elements.across.value = within(across, -1, 1);
    this.form.elements.up.value = within(up, -1, 1);
    this.draw();
  }

  shift(right, down) {
    const { width, height } = this.part;
    this.x -= right * width;
    this.y -= down * height;
    this.draw();
  }

  turnRight() {
    this.turn = (this.turn + 90) % 360;
    [this.x, this.y] = [1 - this.y, this.x];
    this.say(this.form.dataset.turned);
    this.draw();
  }

  key(event) {
    const way = WAYS[event.key];
    if (way && this.way === "focus") {
      const [across, up] = this.point;
      this.put(across + way[0] * STEP, up - way[1] * STEP);
      this.say(this.where((this.point[0] + 1) / 2, (1 - this.point[1]) / 2));
    } else if (way) {
      this.shift(-way[0] * STEP, -way[1] * STEP);
      this.say(this.where(this.part.x, this.part.y));
    } else if (this.way === "cut" && "+-".includes(event.key)) {
      this.zoomBy(event.key === "+" ? 1.1 : 1 / 1.1);
    } else return;
    event.preventDefault();
  }

  where(across, down) {
    return this.form.dataset.where.replace("{across}", percent.format(across)).replace("{down}", percent.format(down));
  }

  say(text) {
    this.form.querySelector("[data-editor-said]").textContent = text;
  }

  zoomBy(factor) {
    const { zoom } = this.form.elements;
    zoom.value = Number(zoom.value) * factor;
    this.draw();
  }

  down(event) {
    event.preventDefault();
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
    if (this.way === "focus") this.pointAt(event);
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const apart = () => {
      const [one, other] = [...this.fingers.values()];
      return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    };
    const old = this.fingers.size === 2 ? apart() : 0;
    this.fingers.set(event.pointerId, event);
    if (this.way === "focus") this.pointAt(event);
    else if (old) this.zoomBy(apart() / old);
    else if (this.fingers.size === 1) this.shift((event.clientX - before.clientX) / this.canvas.clientWidth, (event.clientY - before.clientY) / this.canvas.clientHeight);
  }

  pointAt({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    this.put(((clientX - left) / width) * 2 - 1, 1 - ((clientY - top) / height) * 2);
  }

  /** What was chosen: as the server wants it, and as this editor finds it again. */
  get chosen() {
    const { across, up, shape, zoom } = this.form.elements;
    const part = this.part;
    const all = part.width > 0.999 && part.height > 0.999;
    const short = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, Number(value.toFixed(5))]));
    return {
      turn: this.turn,
      crop: all ? "" : JSON.stringify(short),
      focus: this.point.join(","),
      before: { turn: this.turn, x: this.x, y: this.y, shape: shape.value, zoom: zoom.value, across: across.value, up: up.value },
    };
  }
}

function loaded(url) {
  return new Promise((done, failed) => {
    const image = new Image();
    image.addEventListener("load", () => done(image), { once: true });
    image.addEventListener("error", failed, { once: true });
    image.src = url;
  });
}

function opened(title, inside) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "dialog editor-dialog" });
  const head = Object.assign(document.createElement("form"), { method: "dialog" });
  const name = Object.assign(document.createElement("h2"), { id: "editor-title", textContent: title });
  const close = Object.assign(document.createElement("button"), { className: "icon-button" });
  close.setAttribute("aria-label", words.close);
  close.append(Object.assign(document.createElement("i"), { className: "i-x" }));
  head.append(name, close);
  dialog.append(head, inside);
  dialog.setAttribute("aria-labelledby", name.id);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Open a picture; `kept` is its file, where the page has it, and what was chosen before. What was chosen, or null. */
export async function edit(link, kept) {
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
  if (!answer.ok) throw new Error("not now");
  const form = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("form");
  const url = kept ? URL.createObjectURL(kept.file) : "";
  let image = await (url ? loaded(url) : Promise.reject()).catch(() => null);
  const before = image && kept.before;
  form.querySelector("[data-ways]").hidden = !image || !kept.still;
  image ??= await loaded(form.querySelector("img").src);
  const dialog = opened(link.textContent.trim() || link.querySelector("[aria-label]").getAttribute("aria-label"), form);
  const editor = new Editor(form, image, before);
  return new Promise((done) => {
    let chosen = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      chosen = editor.chosen;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (url) URL.revokeObjectURL(url);
      done(chosen);
    });
    editor.draw();
  });
}
