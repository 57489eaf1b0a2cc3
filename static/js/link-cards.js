// What is behind a link: its card comes when the page was fetched.
const part = (name, className, text) => {
  const made = Object.assign(document.createElement(name), { className, textContent: text });
  if (className !== "link-card-host") made.dir = "auto";
  return made;
};

/** Show the card of a post that is on the page, as macros/link_card.html draws it. */
export function takeCard({ postId, card }) {
  const body = document.querySelector(`#post-${CSS.escape(postId)} .entry-body`);
  if (!body) return;
  const made = Object.assign(document.createElement("a"), { className: "link-card", href: card.url, rel: "noopener noreferrer nofollow ugc" });
  made.setAttribute("hx-ignore", "");
  if (card.image) {
    made.append(Object.assign(document.createElement("img"), { src: card.image.url, alt: "", decoding: "async" }));
    made.classList.toggle("wide", card.image.width >= card.image.height * 1.5 && card.image.height > 0);
  }
  const said = part("span", "link-card-words", "");
  said.append(part("span", "link-card-host", card.host), part("strong", "", card.title));
  if (card.description) said.append(part("span", "link-card-description", card.description));
  made.append(said);
  const known = body.querySelector(".link-card");
  if (known) known.replaceWith(made);
  else body.querySelector(".fold, .prose")?.after(made);
}
