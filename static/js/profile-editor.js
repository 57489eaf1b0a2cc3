// The page of one's own profile: lines change places, and a part of a picture is chosen before it is sent.

/* Lines: buttons, or dragging by the grip. */
const lines = document.querySelector("[data-lines]");
const said = document.querySelector("[data-lines-said]");

function renumber() {
  const all = [...lines.children];
  all.forEach((line, at) => {
    const [up, down] = line.querySelectorAll("[data-move]");
    up.disabled = at === 0;
    down.disabled = at === all.length - 1;
    up.value = `up-${at}`;
    down.value = `down-${at}`;
    for (const part of line.querySelectorAll("[aria-label]")) part.setAttribute("aria-label", part.getAttribute("aria-label").replace(/\d+/, at + 1));
  });
}

function tell(line) {
  const all = [...lines.children];
  said.textContent = lines.dataset.moved.replace("{number}", all.indexOf(line) + 1).replace("{all}", all.length);
}

lines?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (!button) return;
  event.preventDefault();
  const line = button.closest("li");
  const other = button.dataset.move === "up" ? line.previousElementSibling : line.nextElementSibling;
  if (!other) return;
  if (button.dataset.move === "up") other.before(line);
  else other.after(line);
  renumber();
  (button.disabled ? line.querySelector("[data-move]:not(:disabled)") : button)?.focus();
  tell(line);
});

for (const grip of lines?.querySelectorAll("[data-grip]") ?? []) {
  grip.hidden = false;
  const line = grip.closest("li");
  const move = (event) => {
    const below = [...lines.children].find((one) => one !== line && event.clientY < one.getBoundingClientRect().top + one.offsetHeight / 2);
    if (below ? below !== line.nextElementSibling : line !== lines.lastElementChild) {
      below ? below.before(line) : lines.append(line);
      renumber();
    }
  };
  // The window listens: what changes its place in the page does not keep hold of the pointer.
  const end = () => {
    removeEventListener("pointermove", move);
    line.classList.remove("line-dragged");
    tell(line);
  };
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    line.classList.add("line-dragged");
    addEventListener("pointermove", move);
    addEventListener("pointerup", end, { once: true });
    addEventListener("pointercancel", end, { once: true });
  });
}

/* Pictures: what stands in the window is what will be shown. */
class Crop {
  constructor(form) {
    this.file = form.querySelector("[type=file]");
    this.value = form.querySelector("[name=crop]");
    this.box = form.querySelector("[data-crop]");
    this.window = this.box.querySelector(".crop-window");
    this.image = this.window.querySelector("img");
    this.zoom = this.box.querySelector("[type=range]");
    this.now = form.querySelector("[data-picture-now]");
    this.x = this.y = 0.5; // the middle of the window, as a part of the picture
    this.file.addEventListener("change", () => this.choose());
    this.zoom.addEventListener("input", () => this.place());
    this.image.addEventListener("load", () => this.begin());
    this.image.addEventListener("error", () => this.stop());
    this.window.addEventListener("pointerdown", (event) => this.drag(event));
    this.window.addEventListener("pointermove", (event) => this.move(event));
    this.window.addEventListener("lostpointercapture", (event) => this.drop(event));
    this.window.addEventListener("keydown", (event) => this.key(event));
    this.window.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.image.naturalWidth && this.place()).observe(this.window);
  }

  choose() {
    const [file] = this.file.files;
    const tooLarge = file && file.size > Number(this.file.dataset.limit);
    this.file.setCustomValidity(tooLarge ? this.file.dataset.tooLarge : "");
    this.file.reportValidity();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = file && !tooLarge ? URL.createObjectURL(file) : "";
    if (this.url) this.image.src = this.url;
    else this.stop();
  }

  begin() {
    this.box.hidden = false;
    this.now.hidden = true;
    this.zoom.value = 1;
    this.x = this.y = 0.5;
    this.place();
  }

  /** A picture this browser cannot show may be one the server can read: its middle is taken. */
  stop() {
    this.box.hidden = true;
    this.now.hidden = false;
    this.value.value = "";
  }

  place() {
    const { clientWidth: width, clientHeight: height } = this.window;
    const { naturalWidth, naturalHeight } = this.image;
    if (!width || !naturalWidth) return;
    const scale = Math.max(width / naturalWidth, height / naturalHeight) * Number(this.zoom.value);
    this.wide = naturalWidth * scale;
    this.high = naturalHeight * scale;
    const across = width / this.wide;
    const down = height / this.high;
    this.x = Math.min(Math.max(this.x, across / 2), 1 - across / 2);
    this.y = Math.min(Math.max(this.y, down / 2), 1 - down / 2);
    const left = this.x - across / 2;
    const top = this.y - down / 2;
    Object.assign(this.image.style, { width: `${this.wide}px`, height: `${this.high}px`, left: `${-left * this.wide}px`, top: `${-top * this.high}px` });
    const part = { x: left, y: top, width: across, height: down };
    this.value.value = JSON.stringify(Object.fromEntries(Object.entries(part).map(([name, value]) => [name, Number(Math.min(Math.max(value, 0), 1).toFixed(5))])));
  }

  drag(event) {
    event.preventDefault();
    this.window.focus();
    this.window.setPointerCapture(event.pointerId);
    this.held = event;
  }

  /** How far it went is told by where it is: not all browsers know how far it moved. */
  move(event) {
    if (event.pointerId !== this.held?.pointerId) return;
    this.shift(event.clientX - this.held.clientX, event.clientY - this.held.clientY);
    this.held = event;
  }

  drop({ pointerId }) {
    if (pointerId === this.held?.pointerId) this.held = null;
  }

  key(event) {
    const ways = { ArrowLeft: [10, 0], ArrowRight: [-10, 0], ArrowUp: [0, 10], ArrowDown: [0, -10] };
    if (ways[event.key]) this.shift(...ways[event.key]);
    else if (event.key === "+" || event.key === "-") {
      this.zoom.value = Number(this.zoom.value) + (event.key === "+" ? 0.1 : -0.1);
      this.place();
    } else return;
    event.preventDefault();
  }

  wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.zoom.value = Number(this.zoom.value) - event.deltaY / 200;
    this.place();
  }

  shift(right, down) {
    this.x -= right / this.wide;
    this.y -= down / this.high;
    this.place();
  }
}

for (const form of document.querySelectorAll("form[data-picture]")) new Crop(form);
