// While somebody writes: people, hashtags and emoji for the word they have begun, and the chart of emoji.
const WORD = /(?:^|[\s(])((?::[\w+-]{2,}|@[\p{L}\p{N}_.@-]*|[#＃][\p{L}\p{N}_]+))$/u;
const AFTER = 150; // milliseconds without a letter
const plurals = new Intl.PluralRules(document.documentElement.lang);

async function part(path, signal) {
  const answer = await fetch(path, { headers: { "HX-Request": "true" }, signal });
  if (!answer.ok) throw new Error("not now");
  return new DOMParser().parseFromString(await answer.text(), "text/html").body;
}

function put(field, text, from, to) {
  field.focus();
  field.setRangeText(text, from, to, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Offer what may be meant below the text; arrow keys choose, Enter or Tab takes, Escape closes. */
export function suggestIn(field) {
  const list = document.createElement("ul");
  Object.assign(list, { className: "suggestions", id: `${field.id}-suggestions`, hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "@ # :");
  const said = Object.assign(document.createElement("p"), { className: "sr-only" });
  said.setAttribute("role", "status");
  field.after(list, said);
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-haspopup", "listbox");
  let later = 0;
  let asking = new AbortController();
  const options = () => [...list.children];
  const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
  const word = () => (field.selectionStart === field.selectionEnd ? WORD.exec(field.value.slice(0, field.selectionStart))?.[1] : undefined);

  function close() {
    clearTimeout(later);
    asking.abort();
    list.hidden = true;
    list.replaceChildren();
    said.textContent = "";
    field.removeAttribute("aria-controls");
    field.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    const all = options();
    all.forEach((option, number) => option.setAttribute("aria-selected", String(number === place)));
    if (!all[place]) return;
    field.setAttribute("aria-activedescendant", all[place].id);
    all[place].scrollIntoView({ block: "nearest" });
  }

  function take(option) {
    const begun = word();
    const { insert } = option.dataset;
    close();
    if (begun) put(field, `${insert} `, field.selectionStart - begun.length, field.selectionStart);
    close();
  }

  async function ask() {
    const begun = word();
    if (!begun) return close();
    asking.abort();
    asking = new AbortController();
    try {
      const found = await part(`/compose/suggestions?q=${encodeURIComponent(begun)}`, asking.signal);
      if (word() !== begun || document.activeElement !== field) return;
      list.replaceChildren(...found.querySelectorAll("[role=option]"));
    } catch {
      return; // the next letter asks again
    }
    const count = options().length;
    if (!count) return close();
    list.style.insetBlockStart = `${field.offsetTop + field.offsetHeight}px`;
    list.hidden = false;
    field.setAttribute("aria-controls", list.id);
    said.textContent = field.dataset[plurals.select(count) === "one" ? "countOne" : "countMany"].replace("{count}", count);
    choose(0);
  }

  const look = () => {
    clearTimeout(later);
    if (word()) later = setTimeout(ask, AFTER);
    else close();
  };
  field.addEventListener("input", look);
  look(); // whoever types fast has begun a word before this file was there
  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const [place, count] = [chosen(), options().length];
    if (event.key === "ArrowDown") choose((place + 1) % count);
    else if (event.key === "ArrowUp") choose((place - 1 + count) % count);
    else if (event.key === "Enter" || event.key === "Tab") take(options()[Math.max(place, 0)]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
  field.addEventListener("blur", () => setTimeout(() => document.activeElement !== field && close(), 200));
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
}

/** Open and close the chart of emoji; what is chosen comes to where the text goes on. */
export async function toggleChart(form, button) {
  const place = form.querySelector("[data-chart]");
  if (!place.childElementCount) {
    place.replaceChildren(...(await part("/compose/emoji")).children);
    place.addEventListener("click", (event) => {
      const sign = event.target.closest("[data-insert]");
      const field = form.elements.content;
      if (sign) put(field, sign.dataset.insert, field.selectionStart, field.selectionEnd);
    });
    place.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      toggleChart(form, button);
      button.focus();
    });
  }
  place.hidden = !place.hidden;
  button.setAttribute("aria-expanded", String(!place.hidden));
  if (!place.hidden) place.querySelector("button").focus();
}
