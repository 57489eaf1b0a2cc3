// The keyboard: through a list, act on what is in front of you, go places.
import { openComposer } from "./composer.js";
import { loadNew } from "./feed.js";

let leader = 0;
const entries = () => [...document.querySelectorAll("main .entry:not(.gone)")].filter((entry) => entry.offsetParent);
const current = () => document.activeElement?.closest?.(".entry") ?? document.querySelector(".entry.at");

function step(by) {
  const list = entries();
  if (!list.length) return;
  const from = list.indexOf(current());
  const first = list.findIndex((entry) => entry.getBoundingClientRect().top >= 60);
  const next = list[from < 0 ? Math.max(0, first) : Math.min(list.length - 1, Math.max(0, from + by))];
  for (const entry of document.querySelectorAll(".entry.at")) entry.classList.remove("at");
  next.classList.add("at");
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

const press = (selector) => current()?.querySelector(selector)?.click();
const go = (path) => location.assign(path);

const keys = {
  j: () => step(1),
  k: () => step(-1),
  l: () => press(".like"),
  b: () => press(".share"),
  r: () => press(".reply"),
  x: () => press(".warned > summary"),
  n: () => document.body.dataset.viewer && openComposer(),
  ".": () => loadNew(),
  "?": () => document.getElementById("keys").showModal(),
  "/": () => {
    const box = document.querySelector("main [type=search]") ?? [...document.querySelectorAll("[data-search]")].find((each) => each.offsetParent);
    if (box) box.focus();
    else go("/lookup");
  },
};
/** Left and right lead through an album one by one, in the direction in which the page is read. */
function beside(key) {
  const way = (key === "ArrowLeft") === (document.documentElement.dir !== "rtl") ? "prev" : "next";
  return document.querySelector(`.single-ways [rel=${way}]`);
}
const places = { h: "/", f: "/friends/posts", l: "/local", g: "/global", p: () => document.querySelector(".rail-you a")?.getAttribute("href") ?? "/" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
  if (event.repeat && !"jk".includes(event.key)) return;
  if (event.key === "Enter") {
    if (event.target.matches?.(".entry")) go(event.target.querySelector(".when").href);
    return;
  }
  if (["ArrowLeft", "ArrowRight"].includes(event.key) && !event.target.closest?.("video, audio, [role=slider]")) return beside(event.key)?.click();
  if (leader && event.timeStamp - leader < 1500 && places[event.key]) {
    leader = 0;
    event.preventDefault();
    const place = places[event.key];
    return go(typeof place === "function" ? place() : place);
  }
  leader = event.key === "g" ? event.timeStamp : 0;
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
