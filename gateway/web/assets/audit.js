// The audit log reads without this script. With it the list follows the log, and answers to the keyboard.
"use strict";

const linesMost = 500; // of those that came live; older ones are found by scrolling back with "Older"
const facts = document.getElementById("facts");
const filters = document.getElementById("filters");
const follow = document.getElementById("follow");
const status = document.getElementById("status");
const line = document.getElementById("line");

for (const t of document.querySelectorAll("time")) local(t);

function local(t) {
  t.title = new Date(t.dateTime).toLocaleString() + " where you are";
}

// A phone shows the facts first; what was asked for stays in sight.
if (filters && !filters.querySelector(".chip") && matchMedia("(max-width: 42rem)").matches) filters.open = false;

// Keys work inside the list alone, so that nobody's own shortcuts are taken.
if (facts) {
  const hint = document.querySelector(".keys");
  if (hint) hint.hidden = false;
  facts.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[e.key];
    if (!step) return;
    const links = [...facts.querySelectorAll("a.open")];
    const row = e.target.closest("tr");
    const here = links.findIndex((a) => a.closest("tr") === row);
    const next = links[here + step];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
    e.preventDefault();
  });
}

let source = null, came = 0;

if (follow && follow.dataset.stream && window.EventSource) {
  follow.hidden = false;
  follow.addEventListener("click", () => (source ? stop() : start()));
}

function start() {
  source = new EventSource(follow.dataset.stream);
  say("Following. New facts appear at the top.");
  source.addEventListener("fact", (e) => {
    add(JSON.parse(e.data));
    came++;
    say(came === 1 ? "1 new fact." : came + " new facts.");
  });
  source.addEventListener("error", () => {
    if (source && source.readyState === EventSource.CLOSED) {
      stop();
      say("The log cannot be followed right now. Try again in a moment.");
    }
  });
  follow.setAttribute("aria-pressed", "true");
  follow.querySelector(".label").textContent = "Following";
}

function stop() {
  source.close();
  source = null;
  follow.setAttribute("aria-pressed", "false");
  follow.querySelector(".label").textContent = "Follow live";
  say("");
}

function say(text) {
  status.textContent = text;
}

function add(fact) {
  const empty = document.querySelector(".results > .empty");
  if (empty) empty.remove();
  facts.hidden = false;
  const row = line.content.cloneNode(true).querySelector("tr");
  const at = new Date(fact.at);
  const time = row.querySelector("time");
  time.dateTime = fact.at;
  time.textContent = at.toISOString().slice(11, 19);
  local(time);
  const open = row.querySelector(".open");
  open.textContent = fact.sentence;
  open.href = "/audit/events/" + encodeURIComponent(fact.id);
  row.querySelector(".type").textContent = fact.type;
  const stream = row.querySelector(".stream");
  stream.textContent = fact.stream;
  stream.href = "/audit?stream=" + encodeURIComponent(fact.stream);
  row.querySelector(".who").textContent = fact.actor.id ? fact.actor.kind + " " + fact.actor.id : fact.actor.kind;
  day(at).firstElementChild.after(row);
  const lines = facts.querySelectorAll("tr.new");
  if (lines.length > linesMost) lines[lines.length - 1].remove();
}

// day is the body of the table for a day, at the top of it: what is recorded last stands first.
function day(at) {
  const name = at.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).replace(",", "");
  const first = facts.tBodies[0];
  if (first && first.dataset.day === name) return first;
  const body = document.createElement("tbody");
  body.setAttribute("role", "rowgroup");
  body.dataset.day = name;
  const head = body.insertRow();
  head.className = "day";
  head.setAttribute("role", "row");
  const cell = document.createElement("th");
  cell.colSpan = 3;
  cell.scope = "rowgroup";
  cell.setAttribute("role", "rowheader");
  cell.textContent = name;
  head.append(cell);
  facts.insertBefore(body, first || null);
  return body;
}
