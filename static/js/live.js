// What happens meanwhile: new posts wait behind a pill, deleted ones go, counts move.
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
  const newest = feed.querySelector(".entry");
  const known = newest ? newest.id.slice(5) : "";
  fresh.clear();
  pill?.remove();
  pill = null;
  const path = new URL(location.href);
  path.search = known ? `?since=${encodeURIComponent(known)}` : "";
  const list = document.createElement("div");
  document.body.append(list);
  list.hidden = true;
  await htmx.ajax("GET", path.pathname + path.search, { source: list, target: list, swap: "innerHTML" });
  const cards = [...list.querySelectorAll(".entry")].filter((card) => !document.querySelector(`[data-feed] #${CSS.escape(card.id)}`));
  list.remove();
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
