// What you did shows at once: buttons of form#act post in the background and put themselves right again if that fails.
import htmx from "htmx.org";
import { sentenceOf, toast, words } from "./toast.js";

const act = document.getElementById("act");

/** Post one of the page's actions; the card or the relation it stands in takes the answer, a post's own page all of its menu. */
function post(button, path) {
  const entry = button.closest(".entry");
  const part = entry ? entry.querySelector(".entry-acts") : (button.closest("[data-part]")?.querySelector(".relation") ?? button);
  const select = entry ? ".entry-acts" : ".relation";
  const values = entry?.matches(".entry-focused") && { focused: "true" };
  return htmx.ajax("POST", path, { source: button, target: part, swap: "outerMorph", select, values });
}

/** Where the button that was pressed has gone, what stands in its place takes the focus. */
function lead(place) {
  if (!place || document.activeElement !== document.body) return;
  if (!place.matches("a, button")) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

/* Toggles whose answer is on its way: how each was, what the press makes of it, and which of the two is shown. */
const asked = new WeakMap();

function bothWays(button) {
  const on = button.getAttribute("aria-pressed") === "true";
  const path = button.getAttribute("formaction");
  const text = button.querySelector("span")?.textContent;
  const was = { on, path, text };
  const will = { on: !on, path: path.replace(/\/(un)?(?=\w+$)/, on ? "/" : "/un"), text };
  if (text !== undefined && /^\d*$/.test(text)) will.text = String(Math.max(0, Number(text) + (on ? -1 : 1)) || "");
  return { was, will, shown: was };
}

function wear(button, { on, path, text }) {
  button.setAttribute("aria-pressed", String(on));
  button.setAttribute("formaction", path);
  if (text !== undefined) button.querySelector("span").textContent = text;
}

/** What is pressed before the answer came shows at once, too, and is sent after it where it is still wanted. */
async function toggle(button) {
  const way = asked.get(button) ?? bothWays(button);
  way.shown = way.shown === way.was ? way.will : way.was;
  wear(button, way.shown);
  button.classList.toggle("just", way.shown.on);
  if (asked.has(button)) return;
  asked.set(button, way);
  while (asked.has(button) && way.shown !== way.was) {
    await post(button, way.was.path);
    [way.was, way.will] = [way.will, way.was];
  }
  asked.delete(button);
}

// An answer that was overtaken would show what is wanted no more.
document.addEventListener("htmx:before:swap", (event) => {
  const way = asked.get(event.detail.ctx.sourceElement);
  if (way && way.shown !== way.will) event.preventDefault();
});

function takeBack(button) {
  const way = asked.get(button);
  if (!way) return;
  asked.delete(button);
  wear(button, way.was);
}

/** Deleting waits ten seconds, so that it can be taken back; leaving the page sends it on its way at once. */
const waiting = new Map();

function remove(button) {
  const entry = button.closest(".entry");
  const path = button.getAttribute("formaction");
  const body = new URLSearchParams(new FormData(act));
  const send = () => {
    if (!waiting.delete(path)) return;
    fetch(path, { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" }, redirect: "manual" })
      .then(async (answer) => {
        if (answer.ok || answer.type === "opaqueredirect" || answer.status === 404) return entry.remove();
        bringBack(sentenceOf(answer, await answer.text()));
      })
      .catch(() => bringBack(words.offline));
  };
  const bringBack = (sentence) => {
    entry.classList.remove("leaving", "gone");
    if (sentence) toast(sentence);
  };
  entry.classList.add("leaving");
  setTimeout(() => entry.classList.contains("leaving") && entry.classList.add("gone"), 220);
  const { close } = toast(words.deleted, {
    label: words.undo,
    seconds: 10,
    act: () => {
      waiting.delete(path);
      bringBack();
      entry.tabIndex = -1;
      entry.focus();
    },
    then: send,
  });
  waiting.set(path, close);
}

addEventListener("pagehide", () => waiting.forEach((close) => close()));

/** Muting or blocking somebody, or their whole server, takes their posts out of the list in front of you. */
function hideAuthor(button) {
  const path = button.getAttribute("formaction");
  const at = path.slice(0, path.lastIndexOf("/"));
  const wholeServer = path.endsWith("/block-server");
  const host = wholeServer ? at.slice(at.lastIndexOf("@")) : "";
  const isTheirs = (author) => (wholeServer ? author?.endsWith(host) : author === at);
  const theirs = [...document.querySelectorAll(".entry")].filter((entry) => isTheirs(entry.querySelector(".name")?.getAttribute("href")));
  htmx.ajax("POST", path, { source: button, target: button, swap: "none" }).then(() => {
    if (button.dataset.failed) return delete button.dataset.failed;
    for (const entry of theirs) entry.classList.add("gone");
    if (wholeServer) return toast(button.dataset.done); // the follows that end do not come back
    const back = path.replace(/\/(mute|block)$/, "/un$1");
    toast(button.dataset.done || button.textContent.trim(), {
      label: words.undo,
      act: () => {
        const body = new URLSearchParams(new FormData(act));
        fetch(back, { method: "POST", body, headers: { "HX-Request": "true" } }).then(
          (answer) => (answer.ok ? theirs.forEach((entry) => entry.classList.remove("gone")) : toast(words.failed)),
          () => toast(words.offline),
        );
      },
    });
  });
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target !== act || !button || "plain" in button.dataset) return;
  if ("react" in button.dataset && !button.closest(".entry")) return; // the page of all signs leads back by itself
  event.preventDefault();
  button.closest("details.menu")?.removeAttribute("open");
  if ("vote" in button.dataset) return vote(button);
  if ("react" in button.dataset) return react(button);
  if ("delete" in button.dataset) remove(button);
  else if (button.hasAttribute("aria-pressed")) toggle(button);
  else if (button.closest(".entry") && /\/(mute|block|block-server)$/.test(button.getAttribute("formaction"))) hideAuthor(button);
  else {
    const { undo: back, done } = button.dataset; // the answer may give the button another meaning
    const part = button.closest("[data-part]");
    button.setAttribute("aria-busy", "true");
    post(button, button.getAttribute("formaction")).then(() => {
      button.removeAttribute("aria-busy");
      if ((back || done) && !button.dataset.failed && part?.isConnected) {
        toast(done || words.done, back && { label: words.undo, act: () => post(part.querySelector(".relation button") ?? part, back) });
      }
      lead(part?.querySelector(".relation"));
      delete button.dataset.failed;
    });
  }
});

/** Answer with a sign, or take it back: the row of signs takes what came of it. */
function react(button) {
  const entry = button.closest(".entry");
  const row = entry.querySelector("[data-reactions]");
  button.closest(".signs")?.remove();
  return htmx
    .ajax("POST", button.getAttribute("formaction"), { source: row, target: row, swap: "outerHTML", values: { emoji: button.value, csrfToken: act.elements.csrfToken.value } })
    .then(() => lead(entry.querySelector(`.reaction[value="${CSS.escape(button.value)}"]`) ?? entry.querySelector("a.react")));
}

/** The signs to choose from open below the card's words; once more closes them. */
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.(".entry a.react");
  if (!link || event.ctrlKey || event.metaKey || event.button) return;
  event.preventDefault();
  const entry = link.closest(".entry");
  const open = entry.querySelector(".signs");
  if (open) return open.remove();
  const place = document.createElement("div");
  entry.querySelector("[data-reactions]").after(place);
  await htmx.ajax("GET", link.getAttribute("href"), { source: link, target: place, swap: "outerHTML" });
  entry.querySelector(".signs button")?.focus();
});

/** Choose in a poll: its place takes what came of it. */
function vote(button) {
  const poll = button.closest("[data-poll]");
  const around = poll.parentElement;
  if (!poll.querySelector(":checked")) return poll.querySelector("input").focus();
  button.setAttribute("aria-busy", "true");
  return htmx
    .ajax("POST", button.getAttribute("formaction"), { source: button, target: poll, swap: "outerHTML", select: ".poll" })
    .then(() => {
      button.removeAttribute("aria-busy");
      lead(around.querySelector(".poll-results"));
    });
}

const SOON = 10; // seconds a toast stays

function failed(button, sentence, answer = null) {
  if (!(button instanceof HTMLElement)) return;
  takeBack(button);
  button.dataset.failed = "true";
  const wait = Number(answer?.headers.get("Retry-After") ?? 0);
  const hopeful = !answer || answer.status >= 500 || (answer.status === 429 && wait <= SOON);
  const again = hopeful && button.closest(".entry, [data-part]") && button.getAttribute("formaction");
  toast(sentence, { seconds: SOON, ...(again && { label: words.retry, act: () => button.click() }) });
}

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status === 401) {
    takeBack(ctx.sourceElement);
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  } else if (ctx.response.status !== 422 || !ctx.sourceElement.matches(".composer")) failed(ctx.sourceElement, sentenceOf(ctx.response.raw, ctx.text), ctx.response.raw);
});
document.addEventListener("htmx:error", ({ detail: { ctx } }) => ctx && failed(ctx.sourceElement, words.offline));
