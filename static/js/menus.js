// Menus: one open at a time, closed by looking elsewhere or Escape, the cards' own filled when first asked for.

function fill(node, values) {
  const put = (text) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  if (node.nodeType === Node.TEXT_NODE) node.data = put(node.data);
  else for (const attribute of node.attributes ?? []) if (attribute.value.includes("{")) attribute.value = put(attribute.value);
  node.childNodes.forEach((child) => fill(child, values));
}

/** Put the menu of a card in the place of the link that leads to it without scripts. */
function unfold(link) {
  const entry = link.closest(".entry");
  const author = entry.querySelector(".name").getAttribute("href");
  const { original = "" } = link.dataset;
  const content = document.getElementById("own" in link.dataset ? "menu-own" : "menu-other").content.cloneNode(true);
  fill(content, { id: entry.id.slice(5), page: entry.querySelector(".when").getAttribute("href"), author, acct: author.slice(2), original });
  if (!/^https?:\/\//.test(original)) content.querySelector("[data-original]")?.remove();
  const menu = content.querySelector("details");
  menu.querySelector("summary").removeAttribute("id");
  link.replaceWith(menu);
  menu.open = true;
  menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest(".menu-list > a, .menu-list > button")) menu.open = false;
  }
  const link = event.target.closest?.(".entry a.more");
  if (!link || event.ctrlKey || event.metaKey || event.button || !document.getElementById("menu-own")) return;
  event.preventDefault();
  unfold(link);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]") ?? document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// A list that would leave the window at its lower end opens upwards.
document.addEventListener(
  "toggle",
  (event) => {
    const list = event.target.matches?.("details.menu") && event.target.querySelector(".menu-list");
    if (!list) return;
    if (!event.target.open) for (const inner of list.querySelectorAll("details[open]")) inner.open = false;
    list.classList.remove("upwards");
    if (event.target.open && list.getBoundingClientRect().bottom > innerHeight - 70) list.classList.add("upwards");
  },
  true,
);
