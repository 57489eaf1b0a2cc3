// What every page has: the theme switch, times that move on, cards that open.
import "./actions.js";
import "./composer.js";
import "./feed.js";
import "./keyboard.js";
import "./menus.js";
import { toast, words } from "./toast.js";

/* Light or dark on this device, whatever the account or the device says. */
for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Then it lasts as long as the page.
    }
  });
}

// What is chosen in the settings holds on this device, too.
document.querySelector("form[data-theme-form]")?.addEventListener("submit", () => {
  try {
    localStorage.removeItem("theme");
  } catch {
    // Then nothing was kept.
  }
});

for (const button of document.querySelectorAll("[data-dialog]")) {
  button.hidden = false;
  button.addEventListener("click", () => document.getElementById(button.dataset.dialog).showModal());
}

/* On a narrow screen the tab you are on is in view. */
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const row = tab.parentElement;
  row.scrollLeft += tab.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - tab.offsetWidth) / 2;
}

/* Times: the exact one in the reader's zone, the words kept true. */
const language = document.documentElement.lang;
const exact = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
const short = { minute: words.minutes, hour: words.hours, day: words.days };

function tell(time) {
  const moment = new Date(time.dateTime);
  if (!time.dataset.seen) {
    time.dataset.seen = "true";
    time.title = exact.format(moment);
  }
  const seconds = (Date.now() - moment) / 1000;
  if (seconds < 60 || seconds >= 7 * 86400) return;
  const [unit, size] = seconds < 3600 ? ["minute", 60] : seconds < 86400 ? ["hour", 3600] : ["day", 86400];
  const said = short[unit].replace("{count}", Math.floor(seconds / size));
  if (time.textContent !== said) time.textContent = said;
}
const tellAll = () => document.querySelectorAll("time[datetime]").forEach(tell);
document.addEventListener("htmx:after:settle", tellAll);
setInterval(() => document.hidden || tellAll(), 60_000);
tellAll();

/* Copy a link; press anywhere on a card to open it. */
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-copy]");
  if (link && navigator.clipboard) {
    event.preventDefault();
    await navigator.clipboard.writeText(link.href);
    return toast(words.copied, { seconds: 3 });
  }
  const entry = event.target.closest?.(".entry:not(.entry-focused)");
  if (!entry || event.defaultPrevented || event.button || event.target.closest("a, button, summary, details.menu, input, label, video, audio")) return;
  if (String(getSelection())) return;
  const page = entry.querySelector(".when")?.href;
  if (page && (event.ctrlKey || event.metaKey)) open(page, "_blank", "noopener");
  else if (page) location.assign(page);
});
