// A conversation in front of you: answers that come are put where they belong, and nothing you read moves.
import htmx from "htmx.org";

const replies = document.querySelector("[data-thread]");
const fresh = new Set();
const GATHER = 500; // milliseconds in which answers that come together are fetched together
const AT_ONCE = 40;
const DEEPEST = 4;
const LONGEST = 60_000; // milliseconds between two attempts where they do not come
let pause = GATHER;
let later = 0;

const cardOf = (id) => document.getElementById(`post-${id}`);

/** The list the answers to a post stand in, made where there is none; null where they are not shown here. */
function listOf(parent) {
  const item = parent === replies.dataset.thread ? replies : cardOf(parent)?.closest("li");
  if (!item || !replies.contains(item)) return null;
  let depth = 1;
  for (let up = item; up !== replies; up = up.parentElement) depth += up.matches("ol.replies");
  if (depth > DEEPEST) return null;
  const known = item.querySelector(":scope > ol.replies");
  if (known) return known;
  const list = document.createElement("ol");
  list.className = "replies";
  if (item === replies) replies.prepend(list);
  else (item.querySelector(":scope > .replies-more") ?? item.lastElementChild).after(list);
  return list;
}

const idOf = (item) => item.firstElementChild?.id.slice("post-".length) ?? "";

/** Where in its list an answer belongs; false where it comes with a page that is not loaded yet. */
function place(item, list) {
  const { id } = item.dataset;
  const isTop = list.parentElement === replies;
  const sort = isTop ? replies.dataset.sort : "oldest";
  const goesOn = isTop && replies.querySelector(".pager");
  const lists = isTop ? [...replies.querySelectorAll(":scope > ol.replies")] : [list];
  const known = lists.flatMap((each) => [...each.children]);
  const behind = sort === "top" ? null : known.find((each) => (sort === "newest" ? idOf(each) < id : idOf(each) > id));
  if (behind) behind.before(item);
  else if (goesOn) return false;
  else lists.at(-1).append(item);
  return true;
}

/** Do something that may move what is read, and move it back. */
function still(change) {
  const seen = [...document.querySelectorAll("main .entry")].find((card) => card.getBoundingClientRect().bottom > 0);
  const before = seen?.getBoundingClientRect().top;
  change();
  if (seen?.isConnected) scrollBy({ top: seen.getBoundingClientRect().top - before, behavior: "instant" });
}

function soon() {
  later ||= setTimeout(bring, pause);
}

/** The answers with these ids; null where it is worth asking again. */
async function answersOf(ids) {
  try {
    const options = { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(20_000) };
    const answer = await fetch(`${replies.dataset.page}/new?ids=${ids.join(",")}`, options);
    if (answer.status >= 500 || answer.status === 429) return null;
    return new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
  } catch {
    return null;
  }
}

async function bring() {
  const ids = [...fresh].slice(0, AT_ONCE);
  const found = await answersOf(ids);
  if (found) for (const id of ids) fresh.delete(id);
  pause = found ? GATHER : Math.min(pause * 2, LONGEST);
  later = 0;
  if (fresh.size) soon();
  if (found) put(found);
}

function put(found) {
  let number = 0;
  still(() => {
    for (const item of found.querySelectorAll("li[data-id]")) {
      const list = cardOf(item.dataset.id) ? null : listOf(item.dataset.parent);
      if (!list || !place(item, list)) continue;
      item.firstElementChild.classList.add("fresh");
      htmx.process(item);
      number += 1;
    }
    const title = found.getElementById("replies-title");
    if (title) document.getElementById("replies-title").textContent = title.textContent;
    if (number) document.getElementById("no-replies")?.remove();
  });
  if (!number) return;
  replies.dispatchEvent(new CustomEvent("htmx:after:settle", { bubbles: true })); // what looks after cards looks at them, too
  const news = document.getElementById("replies-news");
  const form = new Intl.PluralRules(document.documentElement.lang).select(number) === "one" ? news.dataset.one : news.dataset.many;
  news.textContent = form.replace("{count}", number);
}

function take({ type, data }) {
  if (type === "post" && data?.inReplyTo && data.postId !== replies.dataset.thread) {
    // An own answer to what the conversation is about is put in by the composer below that.
    const isOwn = (data.user?.userId ?? data.userId) === document.body.dataset.viewer;
    if (cardOf(data.postId) || (isOwn && data.inReplyTo === replies.dataset.thread)) return;
    fresh.add(data.postId);
    soon();
  } else if (type === "thread" && !data?.isLooking) {
    still(() => document.getElementById("looking")?.remove());
  }
}

if (replies) document.addEventListener("kith:frame", ({ detail }) => take(detail));
