// The list in front of you: new posts wait behind a pill, deleted ones go, counts move, and the way back finds it as it was.
import htmx from "htmx.org";
import { takePoll, unwatchPolls, watchPolls } from "./polls.js";
import { sentenceOf, toast, words } from "./toast.js";

const channel = document.body.dataset.channel;
const feed = document.querySelector("[data-feed]");
const fresh = new Set();
let socket = null;
let lastId = null;
let pause = 1000;
let pill = null;
let isBehind = false; // things may have happened of which no frame told

function showPill() {
  if (!fresh.size) return void (pill = pill?.remove());
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

/** A page of the list as it is now; null where it does not come, for the reason that is told. */
async function pageAt(path, tell = () => {}) {
  try {
    const answer = await fetch(path, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(20_000) });
    const text = await answer.text();
    if (answer.ok) return new DOMParser().parseFromString(text, "text/html");
    tell(sentenceOf(answer, text));
  } catch {
    tell(words.offline);
  }
  return null;
}

const known = (card) => feed.querySelector(`#${CSS.escape(card.id)}`);

/** The cards that came on top; one below all that is known comes with a page that is not loaded yet. */
function newOf(page) {
  const cards = [...page.querySelectorAll(".entry")];
  const last = cards.findLastIndex(known);
  return cards.slice(0, last < 0 ? cards.length : last).filter((card) => !known(card));
}

/** Put the posts that came meanwhile at the top of the list. */
export async function loadNew() {
  const button = pill?.firstElementChild;
  if (!button || button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  const asked = [...fresh];
  const page = await pageAt(location.pathname, toast);
  button.removeAttribute("aria-busy");
  if (!page) return;
  // Where none of them is known there are others in between: begin anew.
  const isFar = page.querySelector(".pager") && feed.querySelector(".entry") && ![...page.querySelectorAll(".entry")].some(known);
  if (location.search || isFar) return location.assign(location.pathname);
  const cards = newOf(page);
  for (const id of [...asked, ...cards.map((card) => card.id.slice(5))]) fresh.delete(id);
  showPill();
  for (const card of cards) card.classList.add("fresh");
  feed.prepend(...cards);
  settle();
  scrollTo({ top: 0 });
  if (!cards.length) return;
  document.querySelector(".feed ~ .empty")?.remove();
  cards[0].tabIndex = -1;
  cards[0].focus({ preventScroll: true });
}

/** Learn what no frame told of: posts that came, and what was done with those that are known. */
async function catchUp() {
  const page = feed && (await pageAt(location.pathname + location.search));
  if (!page) return; // when the stream is there again, it is tried again
  isBehind = false;
  for (const card of page.querySelectorAll(".entry")) {
    for (const part of [".entry-acts", "[data-reactions]"]) {
      const old = known(card)?.querySelector(part);
      if (old && !old.contains(document.activeElement)) old.replaceWith(card.querySelector(part).cloneNode(true));
    }
  }
  settle();
  if (!channel || location.search) return;
  for (const card of newOf(page)) fresh.add(card.id.slice(5));
  showPill();
}

/** What looks after cards looks at those that were put in. */
function settle() {
  htmx.process(feed);
  feed.dispatchEvent(new CustomEvent("htmx:after:settle", { bubbles: true }));
}

/* Channels that parts of the page ask for, now and after each break. */
const wantedChannels = new Set();

/** Hear of what happens on a channel as `kith:frame` events of the document. */
export function listenTo(name) {
  if (wantedChannels.has(name)) return;
  wantedChannels.add(name);
  send({ type: "subscribe", channel: name });
}

function take({ type, id, data, channel: from }) {
  if (id) lastId = id;
  document.dispatchEvent(new CustomEvent("kith:frame", { detail: { type, data } }));
  if (type === "ready") {
    pause = 1000;
    if (isBehind) catchUp();
    if (lastId) send({ type: "resume", lastId });
    if (channel) send({ type: "subscribe", channel });
    send({ type: "subscribe", channel: "navigation" });
    for (const name of wantedChannels) send({ type: "subscribe", channel: name });
    watchPolls(send);
    counted.clear();
    lookAtCards();
    countInView();
  } else if (type === "post" && feed && from === channel && data?.postId) {
    // What came by another channel is an answer to a post whose poll is watched: it belongs to its thread.
    if (document.getElementById(`post-${data.postId}`) || (data.user?.userId ?? data.userId) === document.body.dataset.viewer) return;
    fresh.add(data.postId);
    showPill();
  } else if (type === "postDeleted" && data?.postId) {
    fresh.delete(data.postId);
    document.getElementById(`post-${data.postId}`)?.classList.add("gone");
    showPill();
  } else if (type === "counts" && data) {
    takeCounts(data);
  } else if (type === "card" && data?.card) {
    import("./link-cards.js").then(({ takeCard }) => takeCard(data), () => {}); // few posts get one: the page loads without
  } else if (type === "poll" && data?.poll) {
    takePoll(data);
  } else if (type === "count" && data) {
    for (const [name, count] of Object.entries(data)) {
      for (const mark of document.querySelectorAll(`[data-count="${CSS.escape(name)}"]`)) {
        mark.hidden = !count;
        mark.textContent = count > 99 ? "99+" : count;
      }
    }
  } else if (type === "error" && data?.code === "unauthenticated") {
    pause = 0;
  } else if (type === "error" && data?.code === "incomplete") {
    isBehind = true;
    catchUp();
  } else if (type === "error" && data?.code === "rate_limited" && data.retryAfter) {
    pause = data.retryAfter * 1000;
  }
}

/* Likes, shares and signs of the cards in view move as others add theirs. */
const COUNTED_AT_MOST = 12;
const DWELL = 800; // milliseconds a card is in view before its counts are asked for
const compact = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
const inView = new Set();
const counted = new Set();
let dwelling = 0;
const eyes = new IntersectionObserver((cards) => {
  for (const { target, isIntersecting } of cards) inView[isIntersecting ? "add" : "delete"](target.id.slice(5));
  clearTimeout(dwelling);
  dwelling = setTimeout(countInView, DWELL);
});

function lookAtCards() {
  for (const card of document.querySelectorAll("main .entry[id]")) eyes.observe(card);
}

function countInView() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  const wanted = new Set([...inView].slice(0, COUNTED_AT_MOST));
  for (const id of counted) if (!wanted.has(id) && counted.delete(id)) send({ type: "unsubscribe", channel: `counts:${id}` });
  for (const id of wanted) {
    if (counted.has(id)) continue;
    counted.add(id);
    send({ type: "subscribe", channel: `counts:${id}` });
  }
}

function takeCounts({ postId, likesCount, sharesCount, reactions }) {
  const card = document.getElementById(`post-${postId}`);
  if (!card) return;
  for (const [name, count] of [["like", likesCount], ["share", sharesCount]]) {
    const button = card.querySelector(`.act.${name}`);
    const number = button?.querySelector("span");
    if (!number) continue;
    number.textContent = count ? compact.format(count) : "";
    const [said] = button.getAttribute("aria-label").split(" · ");
    button.setAttribute("aria-label", count ? `${said} · ${compact.format(count)}` : said);
  }
  const row = card.querySelector("[data-reactions]");
  const known = new Map([...row.querySelectorAll(".reaction")].map((chip) => [chip.value, chip]));
  for (const { emoji, url, count } of reactions) {
    const chip = known.get(emoji) ?? row.appendChild(chipOf(postId, emoji, url));
    known.delete(emoji);
    chip.querySelector("b").textContent = compact.format(count);
  }
  for (const gone of known.values()) gone.remove();
}

function chipOf(postId, emoji, url) {
  const chip = Object.assign(document.createElement("button"), { className: "chip reaction", name: "emoji", value: emoji });
  for (const [name, value] of [["form", "act"], ["formaction", `/posts/${postId}/react`], ["aria-pressed", "false"], ["data-react", ""]]) chip.setAttribute(name, value);
  const sign = url
    ? Object.assign(document.createElement("img"), { className: "emoji", src: url, alt: emoji, width: 20, height: 20 })
    : Object.assign(document.createElement("span"), { className: "sign", textContent: emoji });
  chip.append(sign, " ", document.createElement("b"));
  return chip;
}

function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function connect() {
  if (socket || !document.body.dataset.viewer) return;
  const mine = (socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/stream`));
  mine.addEventListener("message", (event) => {
    if (socket !== mine) return;
    try {
      take(JSON.parse(event.data));
    } catch {
      // A frame nobody understands changes nothing.
    }
  });
  mine.addEventListener("close", () => {
    if (socket !== mine) return;
    leave();
    if (pause && !document.hidden) setTimeout(connect, pause * (0.5 + Math.random()));
    pause = Math.min(pause * 2, 60_000);
  });
}

function leave() {
  const open = socket;
  socket = null;
  isBehind ||= !lastId; // with no frame to go on from, what comes meanwhile is missed
  unwatchPolls();
  open?.close();
}

// An open socket would keep the page out of the browser's back-forward cache.
addEventListener("pagehide", leave);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  isBehind = true; // what was done on the page in between came to no socket
  connect();
});
document.addEventListener("visibilitychange", () => !document.hidden && connect());
connect();
document.addEventListener("htmx:after:settle", () => {
  if (socket?.readyState !== WebSocket.OPEN) return;
  watchPolls(send);
  lookAtCards();
});

/* The way back: what was loaded below the first page is kept for this tab, for browsers that build the page anew. */
const key = `feed:${document.body.dataset.viewer ?? ""}:${location.pathname}${location.search}`;
const LIFETIME = 30 * 60_000;
const LIMIT = 400;
let hasLeft = false;

function keep() {
  const cards = [...feed.children];
  try {
    sessionStorage.removeItem(key);
    // A part of a list would come back without the way on to the rest.
    if (hasLeft || cards.length <= 21 || cards.length > LIMIT) return;
    sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), y: scrollY, html: cards.map((card) => card.outerHTML).join("") }));
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

/* How far the reader came: noted when they leave or look away, so that the mark stays where it is meanwhile. */
function mark() {
  const newest = feed.querySelector(".entry:not(.gone)");
  if (!newest || newest.id === mark.noted) return;
  mark.noted = newest.id;
  const body = new URLSearchParams({ postId: newest.id.slice(5), csrfToken: document.querySelector("meta[name=csrf-token]").content });
  fetch(feed.dataset.mark, { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } });
}

if (feed?.dataset.mark) {
  addEventListener("pagehide", mark);
  document.addEventListener("visibilitychange", () => document.hidden && mark());
}

if (feed) {
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") bringBack();
  addEventListener("pagehide", keep);
}

// Whoever logs out leaves nothing behind in this tab.
document.addEventListener("submit", (event) => {
  if (!event.submitter?.formAction?.endsWith("/logout")) return;
  hasLeft = true;
  sessionStorage.clear();
});
