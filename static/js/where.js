// Fills in where one is, for who wants that told or looks for what is near: never more exactly than is asked for.
import { toast } from "./toast.js";

const DECIMALS = { exact: 5, area: 2, town: 1 }; // a few metres, about a kilometre, about ten

for (const button of document.querySelectorAll("[data-where]")) {
  if (!isSecureContext || !navigator.geolocation) continue;
  const { elements } = button.form;
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    const wanted = elements.precision?.value ?? "area";
    const found = ({ coords }) => {
      button.disabled = false;
      for (const name of ["latitude", "longitude"]) elements[name].value = coords[name].toFixed(DECIMALS[wanted]);
      if ("submits" in button.dataset) button.form.requestSubmit();
      else elements.latitude.focus();
    };
    const lost = () => {
      button.disabled = false;
      toast(button.dataset.lost);
    };
    const options = { enableHighAccuracy: wanted === "exact", maximumAge: 60_000, timeout: 20_000 };
    navigator.geolocation.getCurrentPosition(found, lost, options);
  });
}
