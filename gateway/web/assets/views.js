// The pages of views read without this script. With it they follow the platform: its stream says that something is otherwise,
// and what is marked data-live is taken from the page as the platform makes it now, so that nothing is worded twice.
"use strict";

const apart = 1000; // milliseconds between two looks at the page, at least
const status = document.getElementById("status");
let looking = false, again = false;

if (window.EventSource) {
  const source = new EventSource("/v1/views/stream");
  let first = true;
  source.addEventListener("views", () => {
    if (!first) look(); // the page is as new as the first
    first = false;
  });
  source.addEventListener("error", () => say("The platform is not heard right now: this may be old."));
  source.addEventListener("open", () => say(""));
}

async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // the stream says when the platform is heard again
  }
  setTimeout(() => {
    looking = false;
    if (again) look();
    again = false;
  }, apart);
}

function show(page) {
  const notes = [];
  for (const is of page.querySelectorAll("[data-live]")) {
    const was = document.querySelector(`[data-live="${CSS.escape(is.dataset.live)}"]`);
    if (!was) continue;
    if (was.innerHTML !== is.innerHTML) replace(was, is);
    if (is.dataset.note !== was.dataset.note) {
      was.dataset.note = is.dataset.note;
      notes.push(is.dataset.note);
    }
  }
  if (notes.length) say(notes.join(". ") + ".");
}

// replace keeps the focus on the link that had it, where that is still there.
function replace(was, is) {
  const focused = was.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  was.replaceChildren(...is.childNodes);
  if (focused) {
    const same = [...was.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused);
    (same || document.getElementById("main")).focus();
  }
}

function say(text) {
  if (status) status.textContent = text;
}
