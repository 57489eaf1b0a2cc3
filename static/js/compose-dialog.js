// The composer in a dialog, anywhere: for a new post, a reply, a quote.
import htmx from "htmx.org";
import { words } from "./toast.js";

/** Open the composer in a dialog, at the path of its page. */
export async function openComposer(path) {
  const here = document.querySelector("main .composer");
  if (here && path === "/compose" && !here.elements.inReplyTo) return here.elements.content.focus();
  if (document.querySelector(".compose-dialog")) return;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog compose-dialog";
  const head = document.createElement("form");
  head.method = "dialog";
  const title = document.createElement("h2");
  title.id = "compose-title";
  title.textContent = path === "/compose" ? words.write : path.includes("quote=") ? words.quote : words.reply;
  const close = document.createElement("button");
  close.className = "icon-button";
  close.setAttribute("aria-label", words.close);
  close.append(Object.assign(document.createElement("i"), { className: "i-x" }));
  head.append(title, close);
  const body = document.createElement("div");
  dialog.append(head, body);
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.addEventListener("close", () => dialog.remove());
  let pressed = null; // words may be chosen from within to without
  dialog.addEventListener("pointerdown", (event) => (pressed = event.target));
  dialog.addEventListener("click", (event) => event.target === dialog && pressed === dialog && dialog.close());
  document.body.append(dialog);
  let isAnswered = false;
  body.addEventListener("htmx:after:request", () => (isAnswered = true), { once: true });
  try {
    await htmx.ajax("GET", path, { source: body, target: body, swap: "innerHTML" });
  } finally {
    if (dialog.querySelector(".composer")) {
      dialog.showModal();
      const text = dialog.querySelector("textarea");
      text.focus();
      text.setSelectionRange(text.value.length, text.value.length);
    } else {
      dialog.remove();
      if (isAnswered) location.assign(path);
    }
  }
}
