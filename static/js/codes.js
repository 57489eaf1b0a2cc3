// Recovery codes: copied and printed where the browser can.
const codes = () => [...document.querySelectorAll("#codes code")].map((code) => code.textContent).join("\n");

for (const button of document.querySelectorAll("[data-copy-codes]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(codes());
    button.querySelector("span").textContent = button.dataset.done;
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
