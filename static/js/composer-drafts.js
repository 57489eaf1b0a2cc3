// Drafts of the composer, kept on the server while somebody writes; and how the post will look.
import { sentenceOf, toast, words } from "./toast.js";

const AFTER = 4000; // milliseconds without a letter

const states = new WeakMap();
const has = (form) => form.elements.content.value.trim() || form.querySelector(".composer-file [name=fileId]");

async function ask(form, path) {
  const body = new FormData(form);
  body.delete("file");
  const answer = await fetch(path, { method: "POST", body, headers: { "HX-Request": "true" } });
  if (!answer.ok) throw new Error(sentenceOf(answer, await answer.text()));
  return new DOMParser().parseFromString(await answer.text(), "text/html").body;
}

/** Throw a draft away on the server. */
export function remove(form, id) {
  const body = new FormData();
  body.append("csrfToken", form.elements.csrfToken.value);
  return fetch(`/drafts/${encodeURIComponent(id)}/delete`, { method: "POST", body, keepalive: true, redirect: "manual" });
}

/** Keep a draft; `told` hears why that failed, where somebody asked for it. */
async function save(form, state, told = () => {}) {
  clearTimeout(state.later);
  if (state.saving) return (state.again = true);
  state.saving = true;
  const { round, typed } = state;
  const line = form.querySelector(".composer-kept");
  try {
    const kept = (await ask(form, "/compose/draft")).querySelector("[data-kept]");
    if (kept && round !== state.round) {
      // Posted or thrown away while it was on its way.
      if (kept.dataset.draft !== state.was) await remove(form, kept.dataset.draft);
    } else if (kept) {
      form.elements.draftId.value = kept.dataset.draft;
      form.elements.draftVersion.value = kept.dataset.version;
      if (typed === state.typed) line.textContent = kept.textContent;
      line.hidden = false;
      form.dispatchEvent(new Event("kith:kept"));
    }
  } catch (error) {
    told(error); // what is on this device stays, and the next letter tries again
  } finally {
    state.saving = false;
    if (state.again) {
      state.again = false;
      save(form, state);
    }
  }
}

/** Keep a draft of what is written from now on. */
export function watch(form) {
  if (states.has(form)) return;
  const state = { round: 0, typed: 0, later: 0, saving: false, again: false, was: "" };
  states.set(form, state);
  form.addEventListener("input", () => resume(form));
  // Whoever types fast has written something before this file was there.
  if (form.elements.content.value !== form.elements.content.defaultValue) resume(form);
  tellInOwnZone(form);
}

/** What is written now is not kept yet; the line stays where it was, so that nothing moves under a finger. */
function unsay(form, state) {
  state.typed += 1;
  form.querySelector(".composer-kept").textContent = "\u00a0";
}

/** Keep a draft once nothing was written for a while. */
export function resume(form) {
  const state = states.get(form);
  if (!state || !form.isConnected) return;
  unsay(form, state);
  clearTimeout(state.later);
  if (!form.elements.scheduledId && has(form)) state.later = setTimeout(() => save(form, state), AFTER);
}

/** Keep nothing for now: it is on its way to be posted. */
export const pause = (form) => clearTimeout(states.get(form)?.later);

function tellInOwnZone(form) {
  const { publishAt, timeZone } = form.elements;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && timeZone?.value === "UTC") {
    if (publishAt.value) {
      const moment = new Date(`${publishAt.value}Z`);
      const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
      publishAt.value = local.toISOString().slice(0, 16);
    }
    timeZone.value = timeZone.defaultValue = zone;
  }
}

/** Bring what the draft of last time has beside its words, and whether it came; until then nothing is kept over it. */
export async function bringRest(form, { draftId, draftVersion }) {
  const answer = await fetch(`/compose?draft=${encodeURIComponent(draftId)}`, { headers: { "HX-Request": "true" } });
  const found = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("form.composer");
  if (answer.status >= 500) throw new Error("not now");
  // Posted, thrown away or changed meanwhile, here or on another device: then the words alone go on, as another draft.
  if (!found || found.elements.draftVersion.value !== draftVersion || form.elements.draftId.value) return false;
  for (const name of [".composer-poll", ".policies-menu", ".more-menu"]) form.querySelector(name)?.replaceWith(found.querySelector(name));
  form.elements.poll.checked = found.elements.poll.checked;
  form.querySelector(".composer-files").prepend(...found.querySelector(".composer-files").children);
  Object.assign(form.elements.draftId, { value: draftId });
  Object.assign(form.elements.draftVersion, { value: draftVersion });
  tellInOwnZone(form);
  return true;
}

/** What was written is posted, or not wanted any more: what comes next is another draft. */
export function settle(form) {
  const state = states.get(form);
  const id = form.elements.draftId?.value;
  if (state) {
    clearTimeout(state.later);
    Object.assign(state, { round: state.round + 1, again: false, was: id });
  }
  if (form.elements.draftId) form.elements.draftId.value = form.elements.draftVersion.value = "";
  form.querySelector(".composer-kept").hidden = true;
  form.querySelector(".composer-preview").replaceChildren();
}

/** One of the buttons that keep or show what is written, and publish nothing. */
export async function press(form, button) {
  const told = (error) => toast(error instanceof TypeError ? words.offline : error.message);
  if (button.dataset.part === "draft") {
    unsay(form, states.get(form));
    return save(form, states.get(form), told);
  }
  try {
    const place = form.querySelector(".composer-preview");
    place.replaceChildren(...(await ask(form, "/compose/preview")).children);
    place.focus();
  } catch (error) {
    told(error);
  }
}
