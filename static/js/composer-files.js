// Files in the composer: chosen, dropped or pasted, sent at once with their progress, put in order, described.
import { listenTo } from "./feed.js";
import { toast, words } from "./toast.js";

const listOf = (form) => form.querySelector(".composer-files");

function say(form, text) {
  form.querySelector("[data-files-said]").textContent = text;
}

/** What a form with files asks for: no words, and that all of them have come. */
export function lookAtFiles(form) {
  const list = listOf(form);
  if (!list) return true;
  form.elements.content.required = !list.children.length;
  return !list.querySelector("progress");
}

export function forgetFiles(form) {
  listOf(form)?.replaceChildren();
}

function waiting(form, file) {
  const item = document.createElement("li");
  item.className = "composer-file";
  const name = document.createElement("span");
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", file.name);
  const waits = Object.assign(document.createElement("span"), { className: "composer-waits", hidden: true, textContent: listOf(form).dataset.waits });
  name.append(waits);
  item.append(bar, name);
  listOf(form).append(item);
  return item;
}

/* What the page still has of a file it sent: to cut it anew nothing less will do. */
const kept = new WeakMap();

/** Send a form; its answer is a page, or what went wrong as JSON. */
function post(path, body, progress) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("loadend", () => done(request));
    request.send(body);
  });
}

function bodyOf(form, texts) {
  const body = new FormData();
  for (const [name, value] of Object.entries({ csrfToken: form.elements.csrfToken.value, ...texts })) body.append(name, value);
  return body;
}

const itemIn = (request) => (request.status === 200 ? new DOMParser().parseFromString(request.responseText, "text/html").querySelector(".composer-file") : null);

function wrongWith(request) {
  try {
    const { errors, detail } = JSON.parse(request.responseText);
    return errors?.[0]?.message ?? detail;
  } catch {
    return "";
  }
}

const IN_PARTS = 5 * 1024 * 1024; // bytes from which on a file goes in parts

/** Send a large file in parts: it goes on where it stopped when the connection is back, unless somebody gives it up. */
async function sendLarge(form, file, item, body, progress) {
  const { Refused, sendInParts } = await import("./uploads.js");
  const giving = new AbortController();
  const cancel = Object.assign(document.createElement("button"), { type: "button", className: "icon-button" });
  cancel.setAttribute("aria-label", `${listOf(form).dataset.cancel}: ${file.name}`);
  cancel.append(Object.assign(document.createElement("i"), { className: "i-x" }));
  cancel.addEventListener("click", () => giving.abort());
  item.append(cancel);
  const waits = item.querySelector(".composer-waits");
  const isWaiting = (now) => {
    if (waits.hidden === !now) return;
    waits.hidden = !now;
    if (now) say(form, `${file.name}: ${waits.textContent}`);
  };
  try {
    return await sendInParts(file, "/compose/file", body, { progress, waits: isWaiting, signal: giving.signal });
  } catch (error) {
    if (giving.signal.aborted) return null;
    return { status: 0, responseText: JSON.stringify({ detail: error instanceof Refused ? error.message : "" }) };
  }
}

/** Send a file. `instead` is what it takes the place of: the same one, cut otherwise. */
async function send(form, file, { chosen = null, instead = null } = {}) {
  const item = waiting(form, file);
  instead?.replaceWith(item);
  form.dispatchEvent(new Event("input"));
  const body = bodyOf(form, chosen ? { crop: chosen.crop, turn: chosen.turn, focus: chosen.focus, alt: instead.querySelector("textarea").value } : {});
  const progress = (share) => (item.querySelector("progress").value = share);
  if (file.size <= IN_PARTS) body.append("file", file, "upload");
  const request = file.size <= IN_PARTS ? await post("/compose/file", body, progress) : await sendLarge(form, file, item, body, progress);
  const made = request && itemIn(request);
  if (!request) {
    if (instead) item.replaceWith(instead);
    else item.remove();
    say(form, listOf(form).dataset.removed);
  } else if (made) {
    item.replaceWith(made);
    settle(made);
    watch(made);
    kept.set(made, { file, ...chosen, still: file.type !== "image/gif" });
    // Whoever writes on meanwhile is not called away.
    const at = document.activeElement;
    if (instead || at === document.body || at.matches(".composer-choose")) made.querySelector(instead ? "[data-adjust]" : "textarea")?.focus();
  } else {
    const sentence = `${file.name}: ${wrongWith(request) || listOf(form).dataset.failed}`;
    item.replaceChildren(Object.assign(document.createElement("span"), { className: "field-error", textContent: sentence }));
    say(form, sentence);
    if (instead) item.before(instead);
    setTimeout(() => item.remove(), 8000);
  }
  form.dispatchEvent(new Event("input"));
}

/* What is not ready yet becomes so while the page is open: the server says when, and is asked now and then in any case. */
const ASKED_EVERY = 15_000;

async function refresh(item) {
  const answer = await fetch(`/compose/file/${item.dataset.file}?item`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok || !item.isConnected) return;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".composer-file");
  if ("processing" in now.dataset) return;
  delete item.dataset.processing;
  for (const part of [".composer-thumb", ".composer-moves"]) item.querySelector(part).replaceWith(now.querySelector(part));
  const failure = now.querySelector(".field-error");
  if (failure) item.querySelector("textarea").after(failure);
  settle(item);
  const form = item.closest("form");
  say(form, failure ? failure.textContent : listOf(form).dataset.ready);
}

function watch(item) {
  if (!("processing" in item.dataset)) return;
  listenTo("files");
  const ask = async () => {
    await refresh(item);
    if (item.isConnected && "processing" in item.dataset) setTimeout(ask, ASKED_EVERY);
  };
  ask();
}

document.addEventListener("kith:frame", ({ detail: { type, data } }) => {
  if (type !== "file") return;
  for (const item of document.querySelectorAll(`.composer-file[data-processing][data-file="${CSS.escape(data.fileId)}"]`)) refresh(item);
});

/** Have a small picture show the point that stays in view. */
function settle(item) {
  const image = item.querySelector("img[data-focus]");
  if (!image) return;
  const [across, up] = image.dataset.focus.split(",").map(Number);
  image.style.objectPosition = `${50 + across * 50}% ${50 - up * 50}%`;
}

async function adjust(form, item, link) {
  const had = kept.get(item);
  const { edit } = await import("./picture-editor.js");
  const chosen = await edit(link, had);
  link.focus();
  if (!chosen) return;
  if (had && (chosen.crop !== (had.crop ?? "") || chosen.turn !== (had.turn ?? 0))) return send(form, had.file, { chosen, instead: item });
  const [across, up] = chosen.focus.split(",");
  const request = await post(new URL(link.href).pathname, bodyOf(form, { across, up }), () => {});
  const made = itemIn(request);
  if (!made) return toast(wrongWith(request) || words.offline);
  item.querySelector(".composer-thumb").replaceWith(made.querySelector(".composer-thumb"));
  settle(item);
  if (had) had.before = chosen.before;
}

function add(form, files) {
  for (const file of files) send(form, file);
  form.classList.add("open");
  form.dispatchEvent(new Event("input"));
}

const chosen = (transfer) => [...(transfer?.files ?? [])].filter((file) => /^(image|video|audio)\//.test(file.type));

/** Make files ready that came with the page, or with a draft. */
export function takeUpFiles(form) {
  for (const item of listOf(form).querySelectorAll(".composer-file")) {
    settle(item);
    watch(item);
  }
}

export function prepareFiles(form) {
  const choose = form.querySelector(".composer-choose");
  if (!choose) return;
  const take = () => {
    add(form, [...choose.files]);
    choose.value = "";
  };
  choose.addEventListener("change", take);
  if (choose.files.length) take(); // chosen before the script had come
  form.addEventListener("paste", (event) => {
    const files = chosen(event.clipboardData);
    if (!files.length) return;
    event.preventDefault();
    add(form, files);
  });
  form.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    form.classList.add("composer-dropping");
  });
  form.addEventListener("dragleave", (event) => form.contains(event.relatedTarget) || form.classList.remove("composer-dropping"));
  form.addEventListener("drop", (event) => {
    form.classList.remove("composer-dropping");
    // Whatever is dropped is taken: some systems know no type for a picture, and the answer says what is wrong with others.
    const files = [...event.dataTransfer.files];
    if (!files.length) return;
    event.preventDefault();
    add(form, files);
  });
  takeUpFiles(form);
  form.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-adjust]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      adjust(form, link.closest(".composer-file"), link).catch(() => toast(words.offline));
      return;
    }
    const button = event.target.closest?.("[name=files]");
    const item = button?.closest(".composer-file");
    if (!item) return;
    event.preventDefault();
    const list = listOf(form);
    const verb = button.value.split(":")[0];
    if (verb === "remove") {
      (item.nextElementSibling ?? item.previousElementSibling)?.querySelector("textarea")?.focus();
      item.remove();
      say(form, list.dataset.removed);
    } else {
      const other = verb === "earlier" ? item.previousElementSibling : item.nextElementSibling;
      if (verb === "earlier") other?.before(item);
      else other?.after(item);
      button.focus();
      say(form, list.dataset.moved.replace("{number}", [...list.children].indexOf(item) + 1).replace("{all}", list.children.length));
    }
    form.dispatchEvent(new Event("input"));
  });
  // Enter would press the first button there is, which arranges files.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.metaKey) return;
    if (!event.target.matches("input:not([type=checkbox], [type=radio], [type=file])")) return;
    event.preventDefault();
    if (event.target.name === "contentWarning") form.elements.content.focus();
  });
  // A gentle reminder, once: whoever insists may post without.
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "files") return;
    if (listOf(form).querySelector("progress")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return toast(listOf(form).dataset.unfinished);
    }
    const bare = [...form.querySelectorAll(".composer-file")].find((item) => item.querySelector("img") && !item.querySelector("textarea").value.trim());
    if (!bare || form.dataset.reminded || !listOf(form).dataset.unsaid) return;
    form.dataset.reminded = "true";
    event.preventDefault();
    event.stopImmediatePropagation();
    const reminder = Object.assign(document.createElement("p"), { className: "banner", textContent: listOf(form).dataset.unsaid });
    reminder.setAttribute("role", "status");
    listOf(form).after(reminder);
    bare.querySelector("textarea").focus();
    form.addEventListener("htmx:after:request", () => { reminder.remove(); delete form.dataset.reminded; }, { once: true });
  }, { capture: true });
}
