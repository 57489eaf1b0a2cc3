// Polls: answers are added and taken away in the composer, and tallies move on open pages.
import htmx from "htmx.org";
import { words } from "./toast.js";

const lists = "[data-poll]:not([data-over])";
const WATCHED_AT_MOST = 30;
const watched = new Set();
const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language);
const plurals = new Intl.PluralRules(language);
const share = new Intl.NumberFormat(language, { style: "percent" });

function show(fields) {
  const rows = [...fields.querySelectorAll(".poll-row")];
  for (const row of rows) row.querySelector("[data-less]").hidden = rows.length <= 2;
  fields.querySelector("[data-more]").hidden = rows.length >= Number(fields.dataset.most);
  const { answer } = fields.querySelector("[data-more]").dataset;
  rows.forEach((row, place) => {
    const input = row.querySelector("input");
    input.placeholder = answer.replace("{number}", place + 1);
    input.setAttribute("aria-label", input.placeholder);
  });
}

/** Make the poll of a composer ready: two answers to begin with, more as they are wanted. */
export function preparePoll(form) {
  const fields = form.querySelector(".composer-poll");
  if (!fields) return;
  const empty = () => [...fields.querySelectorAll(".poll-row")].filter((row) => !row.querySelector("input").value);
  for (let rows = empty(); rows.length && fields.querySelectorAll(".poll-row").length > 2; rows = empty()) rows.at(-1).remove();
  show(fields);
  fields.addEventListener("click", (event) => {
    const less = event.target.closest("[data-less]");
    if (less) {
      less.closest(".poll-row").remove();
      [...fields.querySelectorAll(".poll-row input")].at(-1).focus();
    } else if (event.target.closest("[data-more]")) {
      const last = [...fields.querySelectorAll(".poll-row")].at(-1);
      const row = last.cloneNode(true);
      row.querySelector("input").value = "";
      last.after(row);
      row.querySelector("input").focus();
    } else return;
    show(fields);
  });
  fields.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.name !== "pollOption" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = event.target.closest(".poll-row").nextElementSibling?.querySelector("input");
    if (next) next.focus();
    else fields.querySelector("[data-more]:not([hidden])")?.click();
  });
}

/** Listen to the polls that stand on the page; `send` sends a frame of the stream. */
export function watchPolls(send) {
  for (const poll of document.querySelectorAll(lists)) {
    if (watched.size >= WATCHED_AT_MOST || watched.has(poll.dataset.poll)) continue;
    watched.add(poll.dataset.poll);
    send({ type: "subscribe", channel: `post:${poll.dataset.poll}` });
  }
}

/** Forget what was listened to: the stream was closed. */
export const unwatchPolls = () => watched.clear();

/** Put new tallies where they are shown; what is over by now is drawn anew. */
export function takePoll({ postId, poll }) {
  for (const box of document.querySelectorAll(`[data-poll="${CSS.escape(postId)}"]`)) {
    if (poll.isClosed) {
      setTimeout(() => htmx.ajax("GET", `/posts/${postId}/poll`, { source: box, target: box, swap: "outerHTML" }), Math.random() * 3000);
      continue;
    }
    const whole = Math.max((poll.multiple && poll.votersCount) || poll.votesCount, 1);
    box.querySelectorAll(".poll-results li:has(progress)").forEach((item, place) => {
      const { votesCount } = poll.options[place] ?? { votesCount: 0 };
      const part = Math.round((votesCount * 100) / whole);
      item.querySelector("progress").value = part;
      item.querySelector("b").textContent = share.format(part / 100);
      item.querySelector(".sr-only").textContent = counted("votes", votesCount);
    });
    const said = poll.votersCount === null ? counted("votes", poll.votesCount) : counted("voters", poll.votersCount);
    box.querySelector("[data-voters]").textContent = said;
  }
}

function counted(name, count) {
  const form = words[name + (plurals.select(count) === "one" ? "One" : "Many")];
  return form.replace("{count}", number.format(count));
}
