// What every page has: the theme switch, times that move on, cards that open, menus.
import "./actions.js";
import "./composer.js";
import "./feed.js";
import "./keyboard.js";
import { toast, words } from "./toast.js";

/* Light or dark on this device, whatever the account or the device says. */
for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Then it lasts as long as the page.
    }
  });
}

// What is chosen in the settings holds on this device, too.
document.querySelector("form[data-theme-form]")?.addEventListener("submit", () => {
  try {
    localStorage.removeItem("theme");
  } catch {
    // Then nothing was kept.
  }
});

/* A form that leads to another page is sent once, however often somebody presses; the button says that it is on its way. */
const AGAIN_AFTER = 10_000; // milliseconds: an answer may be a file, or nothing
const onTheirWay = new Map();
function come(form) {
  onTheirWay.get(form)?.removeAttribute("aria-busy");
  onTheirWay.delete(form);
}
addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.method !== "post") return;
  if (onTheirWay.has(form)) return event.preventDefault();
  onTheirWay.set(form, submitter);
  submitter?.setAttribute("aria-busy", "true");
  setTimeout(come, AGAIN_AFTER, form);
});
addEventListener("pageshow", () => [...onTheirWay.keys()].forEach(come));

for (const button of document.querySelectorAll("[data-dialog]")) {
  button.hidden = false;
  button.addEventListener("click", () => document.getElementById(button.dataset.dialog).showModal());
}

/* On a narrow screen the tab you are on is in view. */
for (const tab of document.querySelectorAll(":is(.tabs, .tabs-row) > [aria-current]")) {
  const row = tab.parentElement;
  row.scrollLeft += tab.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - tab.offsetWidth) / 2;
}

/* Times: the exact one in the reader's zone, the words kept true. */
const language = document.documentElement.lang;
const exact = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
const short = { minute: words.minutes, hour: words.hours, day: words.days };

function tell(time) {
  const moment = new Date(time.dateTime);
  if (!time.dataset.seen) {
    time.dataset.seen = "true";
    time.title = exact.format(moment);
  }
  const said = time.closest("[data-exact]") ? time.title : inShort((Date.now() - moment) / 1000);
  if (said && time.textContent !== said) time.textContent = said;
}

/** How long ago it was; nothing where it is to come, has just been, or was long ago: those words stay true. */
function inShort(seconds) {
  if (seconds < 60 || seconds >= 7 * 86400) return "";
  const [unit, size] = seconds < 3600 ? ["minute", 60] : seconds < 86400 ? ["hour", 3600] : ["day", 86400];
  return short[unit].replace("{count}", Math.floor(seconds / size));
}
const tellAll = () => document.querySelectorAll("time[datetime]").forEach(tell);
document.addEventListener("htmx:after:settle", tellAll);
setInterval(() => document.hidden || tellAll(), 60_000);
tellAll();

/* Copy a link; press anywhere on a card to open it. */
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-copy]");
  if (link && navigator.clipboard) {
    event.preventDefault();
    await navigator.clipboard.writeText(link.href);
    return toast(words.copied, { seconds: 3 });
  }
  const entry = event.target.closest?.(".entry:not(.entry-focused)");
  if (!entry || event.defaultPrevented || event.button || event.target.closest("a, button, summary, details.menu, input, label, video, audio")) return;
  if (String(getSelection())) return;
  const page = entry.querySelector(".when")?.href;
  if (page && (event.ctrlKey || event.metaKey)) open(page, "_blank", "noopener");
  else if (page) location.assign(page);
});

/* The way to the next part of a list brings it to where it stands, and leads to a page of its own in another tab. */
document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest?.(".pager[hx-get] > a")) event.preventDefault();
});

/* What only some pages have is loaded where it is, or comes to be. */
if (document.querySelector("[data-thread]")) import("./thread.js");
if (document.querySelector("[data-where]")) import("./where.js");
const lookForPictures = () => {
  if (!document.querySelector("a.tile")) return;
  document.removeEventListener("htmx:after:settle", lookForPictures);
  import("./pictures.js");
};
document.addEventListener("htmx:after:settle", lookForPictures);
lookForPictures();

/* A film or sound that cannot be had: where it came from is offered, and only whoever follows that is seen there. */
document.addEventListener("error", (event) => {
  const player = event.target.closest?.("video, audio");
  const way = player?.nextElementSibling;
  if (way?.matches("[data-lost]")) [player.hidden, way.hidden] = [true, false];
}, true);

/* Menus: one open at a time, closed by looking elsewhere or Escape, the cards' own filled when first asked for. */
function fill(node, values) {
  const put = (text) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  if (node.nodeType === Node.TEXT_NODE) node.data = put(node.data);
  else for (const attribute of node.attributes ?? []) if (attribute.value.includes("{")) attribute.value = put(attribute.value);
  node.childNodes.forEach((child) => fill(child, values));
}

/** Put the menu of a card in the place of the link that leads to it without scripts. */
function unfold(link) {
  const entry = link.closest(".entry");
  const author = entry.querySelector(".name").getAttribute("href");
  const acct = author.slice(2);
  const host = acct.split("@")[1] ?? "";
  const { original = "" } = link.dataset;
  const content = document.getElementById("own" in link.dataset ? "menu-own" : "menu-other").content.cloneNode(true);
  fill(content, { id: entry.id.slice(5), page: entry.querySelector(".when").getAttribute("href"), author, acct, host, original });
  if (!host) content.querySelector("[data-server]")?.remove();
  if (!/^https?:\/\//.test(original)) content.querySelector("[data-original]")?.remove();
  if (!("quote" in link.dataset)) content.querySelector("[data-quote]")?.remove();
  if (!("gather" in link.dataset)) content.querySelector("[data-gather]")?.remove();
  content.querySelector("pinned" in link.dataset ? "[data-pin]" : "[data-unpin]")?.remove();
  if ("narrow" in link.dataset) content.querySelector("[data-pin]")?.remove();
  if (link.dataset.own !== "post") content.querySelector("[data-redraft]")?.remove();
  const menu = content.querySelector("details");
  menu.querySelector("summary").removeAttribute("id");
  link.replaceWith(menu);
  menu.open = true;
  menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest(".menu-list > a, .menu-list > button")) menu.open = false;
  }
  const link = event.target.closest?.(".entry a.more");
  if (!link || event.ctrlKey || event.metaKey || event.button || !document.getElementById("menu-own")) return;
  event.preventDefault();
  unfold(link);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const around = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document;
  const menu = event.target.closest?.("details.menu[open]") ?? around.querySelector("details.menu[open]");
  if (!menu) return;
  event.preventDefault(); // a dialog around it stays
  menu.open = false;
  menu.querySelector("summary").focus();
});

// A list that would leave the window at its lower end opens upwards where there is more room; what has room on neither
// side scrolls in itself. On a phone lists lie at the lower end, as the style says.
const AROUND = 12;
function placed(menu, list) {
  list.classList.remove("upwards");
  list.style.maxBlockSize = list.style.overflowY = "";
  if (!menu.open || getComputedStyle(list).position === "fixed") return;
  const around = menu.getBoundingClientRect(), below = innerHeight - around.bottom - AROUND, above = around.top - AROUND;
  const height = list.getBoundingClientRect().height;
  if (height <= below) return;
  list.classList.toggle("upwards", above > below);
  if (height <= Math.max(above, below)) return;
  list.style.maxBlockSize = `${Math.max(above, below)}px`;
  list.style.overflowY = "auto";
}
document.addEventListener(
  "toggle",
  (event) => {
    const list = event.target.matches?.("details.menu") && event.target.querySelector(".menu-list");
    if (!list) return;
    if (!event.target.open) for (const inner of list.querySelectorAll("details[open]")) inner.open = false;
    placed(event.target, list);
  },
  true,
);

/* A link's picture that does not come leaves the words alone, as where there is none. */
const withoutPicture = (image) => {
  image.closest(".link-card").classList.remove("wide");
  image.remove();
};
document.addEventListener("error", ({ target }) => target.matches?.(".link-card > img") && withoutPicture(target), true);
for (const image of document.querySelectorAll(".link-card > img")) if (image.complete && !image.naturalWidth) withoutPicture(image);
