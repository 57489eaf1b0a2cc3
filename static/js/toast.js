// Short news at the foot of the page, spoken politely, some with a way back.
const shelf = document.getElementById("toasts");

/** Words the server put into the page in the reader's language. */
export const words = shelf.dataset;

/* An open dialog makes all else inert, and lies over it: what is said meanwhile is said inside of it. */
function comeForward() {
  const place = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  if (shelf.parentElement !== place) place.append(shelf);
}
document.addEventListener("close", ({ target }) => target.contains(shelf) && document.body.append(shelf), true);

const AT_ONCE = 3;
const standing = new Set(); // what ends each toast on the shelf, oldest first

/** Show a sentence; `act` is run when its `label` is pressed, `then` once the toast has gone without that. */
export function toast(text, { label = "", act = null, then = null, seconds = 6 } = {}) {
  const box = document.createElement("div");
  box.className = "toast";
  const sentence = document.createElement("span");
  sentence.textContent = text;
  box.append(sentence);
  const settle = (pressed) => {
    if (!standing.delete(settle)) return;
    clearTimeout(timer);
    box.remove();
    if (pressed) act?.();
    else then?.();
  };
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label || words.close;
  button.addEventListener("click", () => settle(Boolean(label)));
  box.append(button);
  let timer = setTimeout(() => settle(false), seconds * 1000);
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", () => (timer = setTimeout(() => settle(false), 3000)));
  comeForward();
  shelf.append(box);
  standing.add(settle);
  const [oldest] = standing;
  if (standing.size > AT_ONCE) oldest(false);
  return { close: () => settle(false) };
}

/** The sentence inside a failed answer: a fragment's, a problem document's, or a general one. */
export function sentenceOf(response, text) {
  const type = response?.headers?.get("content-type") ?? "";
  if (type.includes("json")) {
    try {
      return JSON.parse(text).detail || words.failed;
    } catch {
      return words.failed;
    }
  }
  if (type.includes("html")) {
    const said = new DOMParser().parseFromString(text, "text/html").querySelector("[data-says]");
    if (said) return said.textContent;
  }
  return response?.status === 429 ? words.busy : words.failed;
}
