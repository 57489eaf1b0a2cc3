// Large files go in parts, so that a connection that breaks costs little: what has come stays, and the rest follows.
const PIECE = 4 * 1024 * 1024; // small enough for servers in front that pass on nothing before they have all of it
const SHORTEST = 1000; // milliseconds to wait after the first failure, twice as long after each further one
const LONGEST = 30_000;
const token = () => document.querySelector("meta[name=csrf-token]").content;

/** What cannot be mended by trying again; its message is for whoever uploads. */
export class Refused extends Error {}

function ask(method, path, { body = null, type = "", progress = null, signal = null } = {}) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("X-CSRF-Token", token());
    if (type) request.setRequestHeader("Content-Type", type);
    if (progress) request.upload.addEventListener("progress", (event) => progress(event.loaded));
    const stop = () => request.abort();
    signal?.addEventListener("abort", stop, { once: true });
    request.addEventListener("loadend", () => {
      signal?.removeEventListener("abort", stop);
      done(request);
    });
    request.send(body);
  });
}

function said(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}

function refusal(request) {
  const { errors, detail } = said(request);
  return new Refused(errors?.[0]?.message ?? detail ?? "");
}

/** What passes by itself: no connection, a server that is busy or begins anew. */
const passes = ({ status }) => !status || status === 408 || status === 429 || status >= 500;

/** Wait, longer each time; the network coming back ends it sooner. */
class Patience {
  constructor(waits, signal) {
    this.waits = waits;
    this.signal = signal;
    this.pause = SHORTEST;
  }

  restored() {
    this.pause = SHORTEST;
    this.waits(false);
  }

  async wait(request) {
    this.signal.throwIfAborted();
    this.waits(true);
    const wished = Number(request.getResponseHeader("Retry-After")) * 1000 || 0;
    await new Promise((done) => {
      const end = () => {
        clearTimeout(timer);
        removeEventListener("online", end);
        this.signal.removeEventListener("abort", end);
        done();
      };
      const timer = setTimeout(end, Math.max(wished, this.pause * (0.75 + Math.random() / 2)));
      addEventListener("online", end);
      this.signal.addEventListener("abort", end);
    });
    this.signal.throwIfAborted();
    this.pause = Math.min(this.pause * 2, LONGEST);
  }

  /** The answer, once there is one that does not pass by itself. */
  async answer(...what) {
    for (;;) {
      const request = await ask(...what);
      if (!passes(request)) return request;
      await this.wait(request);
    }
  }
}

/* Where a page that is loaded anew finds what it began, if the same file is chosen again. */
const keyOf = (file) => `upload:${document.body.dataset.viewer}:${file.name}:${file.size}:${file.lastModified}`;

function remember(file, id) {
  try {
    if (id) sessionStorage.setItem(keyOf(file), id);
    else sessionStorage.removeItem(keyOf(file));
  } catch {
    // Then it begins anew.
  }
}

function remembered(file) {
  try {
    return sessionStorage.getItem(keyOf(file));
  } catch {
    return null;
  }
}

async function begun(file, patience) {
  const known = remembered(file);
  if (known) {
    const request = await patience.answer("GET", `/api/v1/uploads/${known}`);
    if (request.status === 200) return said(request).data;
  }
  const made = await patience.answer("POST", "/api/v1/uploads", { body: JSON.stringify({ size: file.size }), type: "application/json" });
  if (made.status !== 201) throw refusal(made);
  const { data } = said(made);
  remember(file, data.uploadId);
  return data;
}

/**
 * Send a file and then the form that names it, and answer the request that did. `progress` hears the share that has
 * come, `waits` whether the connection is waited for. Raises Refused, and AbortError where `signal` says so.
 */
export async function sendInParts(file, path, body, { progress, waits, signal }) {
  const patience = new Patience(waits, signal);
  let { uploadId, offset } = await begun(file, patience);
  patience.restored();
  const address = `/api/v1/uploads/${uploadId}`;
  const stop = () => {
    remember(file, "");
    ask("DELETE", address);
  };
  signal.addEventListener("abort", stop);
  try {
    while (offset < file.size) {
      progress(offset / file.size);
      const options = { body: file.slice(offset, offset + PIECE), type: "application/octet-stream", progress: (loaded) => progress(Math.min(1, (offset + loaded) / file.size)), signal };
      const request = await ask("PATCH", `${address}?offset=${offset}`, options);
      signal.throwIfAborted();
      if (request.status === 200) {
        patience.restored();
        offset = said(request).data.offset;
        continue;
      }
      const { code } = said(request);
      if (passes(request) || code === "busy") await patience.wait(request);
      else if (code !== "wrong_offset") throw (remember(file, ""), refusal(request));
      const now = await patience.answer("GET", address);
      if (now.status !== 200) throw (remember(file, ""), refusal(now));
      offset = said(now).data.offset;
    }
    progress(1);
    body.append("uploadId", uploadId);
    const made = await patience.answer("POST", path, { body });
    patience.restored();
    remember(file, "");
    return made;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
