// What stands in a field is copied by the button beside it; without scripts it can be selected.
import { toast, words } from "./toast.js";

for (const button of document.querySelectorAll("[data-copy-field]")) {
  const field = document.getElementById(button.dataset.copyField);
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // the clipboard is for secure pages only, and what is selected is not
    }
    toast(words.copied, { seconds: 3 });
  });
}
