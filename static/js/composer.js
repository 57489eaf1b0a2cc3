// The composer: counts, says who will see it, keeps drafts.
import htmx from "htmx.org";
import { preparePoll } from "./polls.js";
import { forgetFiles, lookAtFiles, prepareFiles, takeUpFiles } from "./composer-files.js";
import { toast, words } from "./toast.js";

const MENTION = /(?<![\w/@])@[\w.-]*\w(?:@[\w.-]*\w)?/g;
const listed = new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" });
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const segments = new Intl.Segmenter(document.documentElement.lang, { granularity: "grapheme" });

const keyOf = (form) => `draft:${document.body.dataset.viewer}:${form.dataset.draft}`;

function lengthOf(text) {
  return text.length < 200 && !/[^\x20-\x7e\n]/.test(text) ? text.length : [...segments.segment(text)].length;
}

function look(form) {
  const { value } = form.elements.content;
  const left = Number(form.dataset.limit) - lengthOf(value);
  const count = form.querySelector(".composer-count");
  count.hidden = left > 200;
  count.textContent = numbers.format(left);
  count.setAttribute("aria-label", `${numbers.format(Math.abs(left))} ${left < 0 ? count.dataset.over : count.dataset.left}`);
  count.classList.toggle("over", left < 0);
  const button = form.querySelector("button.primary");
  button.disabled = !lookAtFiles(form) || left < 0;
  button.textContent = form.elements.publishAt?.value ? button.dataset.later : button.dataset.now;
  const people = [...new Set(value.match(MENTION) ?? [])];
  const says = form.querySelector(".composer-mentions");
  const audience = form.elements.visibility?.value;
  says.hidden = !people.length || !(["followers", "friends"].includes(audience) || audience?.startsWith("circle"));
  if (!says.hidden) says.textContent = says.dataset.template.replace("{people}", listed.format(people));
}

/** A composer between other things gets what it has no room for, once; what is open or chosen in it stays so. */
const wholes = new WeakMap();
function whole(form) {
  if (!form.dataset.whole) return Promise.resolve();
  if (!wholes.has(form)) wholes.set(form, bringWhole(form).catch(() => wholes.delete(form)));
  return wholes.get(form);
}

async function bringWhole(form) {
  const answer = await fetch(form.dataset.whole, { headers: { "HX-Request": "true" } });
  if (!answer.ok) throw new Error("not now");
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const name of [".composer-says", ".audience-menu", ".policies-menu", ".more-menu"]) {
    const [old, part] = [form.querySelector(name), found.querySelector(name)];
    const held = old.contains(document.activeElement);
    part.toggleAttribute("open", old.hasAttribute("open"));
    old.replaceWith(part);
    if (held) part.querySelector("summary").focus();
  }
  form.querySelector(".composer-draft").before(found.querySelector(".composer-poll"));
  preparePoll(form);
  delete form.dataset.whole;
  choose(form);
  look(form);
}

/* For whom a draft was, until that can be chosen. */
const due = new WeakMap();

function choose(form) {
  const wanted = due.get(form);
  if (!wanted || form.dataset.whole) return;
  due.delete(form);
  const choices = [...form.querySelectorAll("[name=visibility]")];
  const find = (value) => choices.find((radio) => radio.value === value);
  const choice = find(wanted) ?? (wanted.startsWith("circle") ? find("friends") : null); // a circle that is gone was for friends
  if (choice) choice.checked = true;
  look(form);
}

/** What is needed only by whoever writes comes when somebody begins to. */
const drafts = (form) => (form.dataset.drafts ? import(form.dataset.drafts) : Promise.reject(new Error("no drafts here")));

/* Drafts of which the words are here and the rest is on its way. */
const coming = new WeakMap();

function written(form) {
  const { content, contentWarning, visibility, draftId, draftVersion } = form.elements;
  const named = draftId?.value ? { draftId: draftId.value, draftVersion: draftVersion.value } : coming.get(form);
  return { ...named, content: content.value, contentWarning: contentWarning.value, visibility: due.get(form) ?? visibility?.value };
}

function keep(form) {
  const draft = written(form);
  try {
    if (draft.content.trim()) localStorage.setItem(keyOf(form), JSON.stringify(draft));
    else localStorage.removeItem(keyOf(form));
  } catch {
    // No storage, no drafts.
  }
}

/** Go on with a draft: its files, its poll and what was chosen, as they were kept on the server. */
async function resume(form, { draftId, draftVersion }) {
  const draft = { draftId, draftVersion };
  coming.set(form, draft);
  await whole(form);
  const { bringRest } = await drafts(form);
  if (!coming.has(form)) return;
  const came = await bringRest(form, draft);
  coming.delete(form);
  if (!came) return;
  preparePoll(form);
  takeUpFiles(form);
  look(form);
}

/* A draft that is not wholly here is not posted: it would go to others than it was for, or without its files. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!due.has(form) && !coming.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const draft = coming.get(form);
  const goOn = () => (due.has(form) || coming.has(form) ? toast(words.offline) : form.requestSubmit(form.querySelector("button.primary")));
  whole(form).then(() => draft && resume(form, draft)).then(goOn, goOn);
}, { capture: true });

function forget(form) {
  coming.delete(form);
  due.delete(form);
  try {
    localStorage.removeItem(keyOf(form));
  } catch {
    // No storage, no drafts.
  }
}

/** Put back what was written; what else belongs to it comes from the server. */
function putBack(form, draft) {
  form.elements.content.value = draft.content;
  form.elements.contentWarning.value = draft.contentWarning ?? "";
  if (draft.contentWarning) form.elements.contentWarning.disabled = false;
  form.querySelector(".composer-warns input").checked = Boolean(draft.contentWarning);
  if (draft.visibility) due.set(form, draft.visibility);
  whole(form).then(() => (choose(form), look(form)));
  form.querySelector(".composer-draft").hidden = false;
  if (form.dataset.drafts && draft.draftId) resume(form, draft).catch(() => {});
}

/** A draft goes from the server once it can no longer be taken back; whoever leaves before that keeps it there. */
function throwAway(form) {
  const draft = written(form);
  const original = originals.get(form);
  clear(form);
  if (original) putBack(form, original);
  form.querySelector(".composer-draft").hidden = true;
  form.elements.content.focus();
  toast(words.thrown, {
    label: words.undo,
    seconds: 10,
    act: () => {
      const since = original ? "" : form.elements.content.value;
      putBack(form, since.trim() ? { ...draft, content: `${draft.content}\n\n${since}` } : draft);
      keep(form);
      form.elements.content.focus();
    },
    then: () => draft.draftId && drafts(form).then(({ remove }) => remove(form, draft.draftId)).catch(() => {}),
  });
}

/* What stood in a composer that changes something, before what was begun was put into it. */
const originals = new WeakMap();

/* Composers somebody wrote in: what others hold says nothing of what is kept. */
const touched = new WeakSet();

function stored(form) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(form)));
  } catch {
    return null; // a broken draft is no draft
  }
}

/** What is kept may have been written, posted or thrown away elsewhere since this page was left. */
function lookAgain(form) {
  if (!form.isConnected || touched.has(form) || form.elements.content.defaultValue) return;
  const draft = stored(form);
  if ((draft?.content ?? "") === form.elements.content.value) return;
  clear(form);
  if (!draft?.content) return;
  putBack(form, draft);
  keep(form);
}

function clear(form) {
  touched.delete(form);
  forget(form);
  if (form.dataset.begun) drafts(form).then(({ settle }) => settle(form), () => {});
  forgetFiles(form);
  for (const wrong of form.querySelectorAll(".field-error, .banner")) wrong.remove();
  for (const field of [form.elements.content, form.elements.contentWarning]) {
    field.removeAttribute("aria-invalid");
    field.defaultValue = "";
  }
  for (const field of form.querySelectorAll(".composer-later [name=publishAt], .composer-poll input, :is(.composer-add, .composer-tools) [type=checkbox]")) {
    field.defaultValue = field.type === "checkbox" ? "on" : "";
    field.defaultChecked = false;
  }
  form.reset();
  // What is written here next is another post, with the same words too.
  const { formKey } = form.elements;
  if (formKey) formKey.value = crypto.getRandomValues(new Uint32Array(4)).join("-");
  form.querySelector(".composer-draft").hidden = true;
  look(form);
}

/** Make one composer ready, with the draft of last time where the server put no text of its own. */
function prepare(form) {
  if (form.dataset.ready) return;
  form.dataset.ready = "true";
  const draft = stored(form);
  preparePoll(form);
  prepareFiles(form);
  const { content, contentWarning, draftId, draftVersion } = form.elements;
  const isChange = /^(edit|later)-/.test(form.dataset.draft);
  if (isChange) originals.set(form, { content: content.value, contentWarning: contentWarning.value });
  // Browsers that put words back themselves put nothing else back.
  const isBack = content.value !== content.defaultValue && content.value === draft?.content;
  if (isBack && draftId) draftId.value = draftVersion.value = "";
  if (draft?.content && (!content.value || isBack || (isChange && draft.content !== content.value))) putBack(form, draft);
  const begin = () => {
    form.classList.add("open");
    if (!form.dataset.suggests) {
      form.dataset.suggests = "true";
      import("./suggestions.js").then(({ suggestIn }) => suggestIn(form.elements.content), () => {});
    }
    const ready = whole(form);
    if (form.dataset.begun || !form.dataset.drafts) return;
    form.dataset.begun = "true";
    ready.then(() => drafts(form)).then(({ watch }) => watch(form), () => {});
  };
  form.addEventListener("focusin", begin);
  form.addEventListener("click", (event) => {
    const chart = event.target.closest?.("[data-emoji]");
    if (chart) import("./suggestions.js").then(({ toggleChart }) => toggleChart(form, chart)).catch(() => toast(words.offline));
    const button = event.target.closest?.("[data-part]");
    if (!button) return;
    event.preventDefault();
    begin();
    if (button.dataset.part === "whole") return;
    drafts(form).then(({ watch, press }) => (watch(form), press(form, button)), () => {});
  });
  if (form.elements.content.value) form.classList.add("open");
  let later = 0;
  form.addEventListener("input", () => {
    touched.add(form);
    look(form);
    clearTimeout(later);
    later = setTimeout(() => keep(form), 400);
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "visibility") event.target.closest("details").open = false;
    if (event.target.matches(".composer-warns input")) {
      form.elements.contentWarning.disabled = !event.target.checked;
      if (event.target.checked) form.elements.contentWarning.focus();
    }
    look(form);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(form.querySelector("button.primary"));
  });
  form.querySelector("[data-discard]").addEventListener("click", () => {
    begin();
    throwAway(form);
  });
  // A phone may end a page without a word: the draft on the server is known here as soon as it is kept.
  form.addEventListener("kith:kept", () => keep(form));
  addEventListener("pagehide", () => form.isConnected && touched.has(form) && keep(form));
  addEventListener("pageshow", (event) => event.persisted && lookAgain(form));
  look(form);
  if ("refused" in form.dataset) (form.querySelector("[aria-invalid=true]") ?? content).focus();
}

document.addEventListener("htmx:config:request", ({ target: form }) => {
  if (!form.matches?.(".composer")) return;
  form.querySelector("button.primary").setAttribute("aria-busy", "true");
  form.elements.content.readOnly = true; // what is written now would go with what is posted
  if (form.dataset.begun) drafts(form).then(({ pause }) => pause(form), () => {});
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement;
  if (!form.matches?.(".composer")) return;
  form.querySelector("button.primary")?.removeAttribute("aria-busy");
  form.elements.content.readOnly = false;
  if (form.dataset.begun && !(ctx.response?.status < 400)) drafts(form).then(({ resume }) => resume(form), () => {});
});
/* What is refused comes back as a new composer, in the place and under the name of the old one. */
document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
  const old = ctx.sourceElement;
  const next = old.matches?.(".composer") && ctx.response?.status === 422 && tasks[0]?.fragment.querySelector("form.composer");
  if (!next) return;
  for (const name of ["hx-target", "hx-swap", "data-draft"]) {
    if (old.hasAttribute(name)) next.setAttribute(name, old.getAttribute(name));
    else next.removeAttribute(name);
  }
  next.dataset.refused = "";
});
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement;
  if (!form.matches?.(".composer") || ctx.response.status >= 400) return;
  forget(form);
  form.closest("dialog")?.close();
  clear(form);
  const card = new DOMParser().parseFromString(ctx.text, "text/html").querySelector(".entry");
  if (ctx.hx?.redirect) return;
  const page = card?.querySelector(".when")?.getAttribute("href");
  toast(card?.querySelector(".reply-state") ? words.asked : words.posted, page ? { label: words.show, act: () => location.assign(page) } : {});
  if (card && ctx.target?.id) document.querySelector(".feed ~ .empty, .feed ~ .centered")?.remove();
});

/** Open the composer in a dialog: for a new post, or a reply (`/compose?reply=…`). Its script comes when it is first asked for. */
export async function openComposer(path = "/compose") {
  const dialog = await import("./compose-dialog.js").catch(() => null);
  if (dialog) return dialog.openComposer(path);
  // Some browsers do not ask again for a script that did not come.
  if (navigator.onLine) location.assign(path);
  else toast(words.offline);
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.target.closest?.("a[data-compose], .entry a.reply");
  if (!link || !document.body.dataset.viewer) return;
  const entry = link.closest(".entry");
  const own = entry && link.dataset.quote === undefined && document.querySelector(`main .composer [name=inReplyTo][value="${CSS.escape(entry.id.slice(5))}"]`);
  event.preventDefault();
  if (own) own.form.elements.content.focus();
  else if (link.dataset.quote !== undefined) openComposer(link.getAttribute("href"));
  else openComposer(entry ? `/compose?reply=${encodeURIComponent(entry.id.slice(5))}` : "/compose");
});

const prepareAll = (root) => root.querySelectorAll?.("form.composer").forEach(prepare);
htmx.onLoad((root) => (root.matches?.("form.composer") ? prepare(root) : prepareAll(root)));
prepareAll(document);

// Pictures are shared by a form of their own, which has the files of a composer and nothing else of it.
htmx.onLoad((root) => {
  for (const form of root.querySelectorAll?.("form[data-image-form]") ?? []) {
    if (form.dataset.ready) continue;
    form.dataset.ready = "true";
    prepareFiles(form);
  }
});
