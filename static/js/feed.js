// The list in front of you: new posts wait behind a pill, deleted ones go, counts move, and the way back finds it as it was.
import htmx from "htmx.org";
import { words } from "./toast.js";

const channel = document.body.dataset.channel;
const feed = document.querySelector("[data-feed]");
const fresh = new Set();
let socket = null;
let lastId = null;
let pause = 1000;
let pill = null;

function showPill() {
  if (!pill) {
    pill = document.createElement("div");
    pill.className = "pill";
    pill.setAttribute("role", "status");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button primary";
    button.addEventListener("click", loadNew);
    pill.append(button);
    feed.before(pill);
  }
  const form = new Intl.PluralRules(document.documentElement.lang).select(fresh.size) === "one" ? words.newOne : words.newMany;
  pill.firstElementChild.textContent = form.replace("{count}", fresh.size);
}

/** Put the posts that came meanwhile at the top of the list. */
export async function loadNew() {
  if (!fresh.size) return;
  fresh.clear();
  pill?.remove();
  pill = null;
  const list = document.createElement("div");
  document.body.append(list);
  list.hidden = true;
  await htmx.ajax("GET", location.pathname, { source: list, target: list, swap: "innerHTML" });
  const newest = [...list.querySelectorAll(".entry")];
  const cards = newest.filter((card) => !document.querySelector(`[data-feed] #${CSS.escape(card.id)}`));
  const goesOn = list.querySelector(".pager");
  list.remove();
  // Where none of them is known there are others in between: begin anew.
  if (goesOn && cards.length === newest.length && feed.querySelector(".entry")) return location.reload();
  for (const card of cards) card.classList.add("fresh");
  feed.prepend(...cards);
  document.querySelector(".feed ~ .empty")?.remove();
  scrollTo({ top: 0 });
  if (!cards.length) return;
  cards[0].tabIndex = -1;
  cards[0].focus({ preventScroll: true });
}

function take({ type, id, data }) {
  if (id) lastId = id;
  if (type === "ready") {
    pause = 1000;
    if (lastId) send({ type: "resume", lastId });
    if (channel) send({ type: "subscribe", channel });
  } else if (type === "post" && feed && data?.postId) {
    if (document.getElementById(`post-${data.postId}`) || (data.user?.userId ?? data.userId) === document.body.dataset.viewer) return;
    fresh.add(data.postId);
    showPill();
  } else if (type === "postDeleted" && data?.postId) {
    fresh.delete(data.postId);
    document.getElementById(`post-${data.postId}`)?.classList.add("gone");
    if (pill && !fresh.size) pill = void pill.remove();
  } else if (type === "count" && data) {
    for (const [name, count] of Object.entries(data)) {
      for (const mark of document.querySelectorAll(`[data-count="${CSS.escape(name)}"]`)) {
        mark.hidden = !count;
        mark.textContent = count > 99 ? "99+" : count;
      }
    }
  } else if (type === "error" && data?.code === "unauthenticated") {
    pause = 0;
  }
}

function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function connect() {
  if (socket || !document.body.dataset.viewer) return;
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/stream`);
  socket.addEventListener("message", (event) => {
    try {
      take(JSON.parse(event.data));
    } catch {
      // A frame nobody understands changes nothing.
    }
  });
  socket.addEventListener("close", () => {
    socket = null;
    if (pause && !document.hidden) setTimeout(connect, pause * (0.5 + Math.random()));
    pause = Math.min(pause * 2, 60_000);
  });
}

function leave() {
  const open = socket;
  socket = null;
  open?.close();
}

// An open socket would keep the page out of the browser's back-forward cache.
addEventListener("pagehide", leave);
addEventListener("pageshow", (event) => event.persisted && connect());
document.addEventListener("visibilitychange", () => !document.hidden && connect());
connect();

/* The way back: what was loaded below the first page is kept for this tab, for browsers that build the page anew. */
const key = `feed:${document.body.dataset.viewer ?? ""}:${location.pathname}${location.search}`;
const LIFETIME = 30 * 60_000;
const LIMIT = 400;

function keep() {
  const cards = [...feed.children].slice(0, LIMIT);
  try {
    if (cards.length <= 21) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), y: scrollY, html: cards.map((card) => card.outerHTML).join("") }));
  } catch {
    // A full store keeps nothing.
  }
}

function bringBack() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(key));
  } catch {
    return;
  }
  if (!kept || Date.now() - kept.at > LIFETIME) return;
  const old = new DOMParser().parseFromString(kept.html, "text/html").body;
  for (const powered of old.querySelectorAll("[data-htmx-powered]")) powered.removeAttribute("data-htmx-powered");
  const pager = feed.querySelector(".pager");
  const last = feed.querySelector(".entry:last-of-type");
  const from = last && old.querySelector(`#${CSS.escape(last.id)}`);
  if (!from) return;
  const missing = [];
  for (let next = from.nextElementSibling; next; next = next.nextElementSibling) missing.push(next);
  pager?.remove();
  feed.append(...missing);
  htmx.process(feed);
  history.scrollRestoration = "manual";
  scrollTo(0, kept.y);
}

if (feed) {
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") bringBack();
  addEventListener("pagehide", keep);
}

// Whoever logs out leaves nothing behind in this tab.
document.addEventListener("submit", (event) => event.submitter?.formAction?.endsWith("/logout") && sessionStorage.clear());
