// Passkeys: a form with data-passkey asks the browser for one and is sent with its answer.
import { words } from "./toast.js";

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The server's options as navigator.credentials takes them. */
function read(options) {
  const withBytes = (credential) => ({ ...credential, id: toBytes(credential.id) });
  const made = { ...options, challenge: toBytes(options.challenge) };
  for (const list of ["allowCredentials", "excludeCredentials"]) if (options[list]) made[list] = options[list].map(withBytes);
  if (options.user) made.user = { ...options.user, id: toBytes(options.user.id) };
  return made;
}

/** What the browser made of them, as the server takes it. */
function write(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, response };
}

async function optionsFor(purpose) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content };
  const sent = fetch("/api/v1/auth/passkeys/challenge", { method: "POST", headers, body: JSON.stringify({ purpose }) });
  const answer = await sent.catch(() => Promise.reject(new Error(words.offline)));
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);
  return read(body.data.options);
}

let running = null; // one request at a time: the browser's offer in the name field makes way for the button

async function use(form, mediation) {
  running?.abort();
  const mine = (running = new AbortController());
  const publicKey = await optionsFor(form.dataset.passkey);
  if (mine.signal.aborted) return;
  const wish = { publicKey, signal: mine.signal, ...(mediation && { mediation }) };
  const credential = form.dataset.passkey === "add" ? await navigator.credentials.create(wish) : await navigator.credentials.get(wish);
  if (!credential) return;
  form.elements.passkey.value = JSON.stringify(write(credential));
  form.submit();
}

function say(form, error) {
  const line = form.querySelector("[data-trouble]");
  const known = error.name === "InvalidStateError" && form.dataset.known;
  const said = error.name === "Error" && error.message; // all others speak the browser's language
  line.querySelector("span").textContent = known || said || form.dataset.failed;
  line.setAttribute("role", "alert");
  line.hidden = false;
}

/** Offer passkeys where the name is typed, anew before the challenge runs out. */
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.()) || running) return; // the button was quicker
  const again = setInterval(() => document.hidden || use(form, "conditional").catch(() => {}), 9 * 60_000);
  form.querySelector("button").addEventListener("click", () => clearInterval(again));
  use(form, "conditional").catch(() => {});
}

if (window.PublicKeyCredential) {
  for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    const button = form.querySelector("button");
    const go = async () => {
      if (!form.reportValidity()) return;
      form.querySelector("[data-trouble]").hidden = true;
      button.setAttribute("aria-busy", "true");
      try {
        await use(form);
      } catch (error) {
        if (error.name !== "AbortError") say(form, error);
      }
      button.removeAttribute("aria-busy");
    };
    button.addEventListener("click", go);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      go();
    });
    if ("conditional" in form.dataset) offer(form);
  }
}
