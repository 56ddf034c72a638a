// The live view of a mock. Every text that comes from a request is put into the
// page as text, by textContent alone: it can be anything.
"use strict";

const rowsKept = 500;
const at = (id) => document.getElementById(id);
const namespace = () => at("namespace").value || "default";

function address(path, fields = {}) {
  return path + "?" + new URLSearchParams({ namespace: namespace(), ...fields });
}

async function ask(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.error), { status: answer.status });
  return body;
}

function element(name, text, kind) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  return e;
}

function row(texts, kind) {
  const tr = element("tr", undefined, kind);
  tr.append(...texts.map((text) => element("td", text)));
  return tr;
}

function happened(entry) {
  const all = [];
  if (entry.fault) all.push("fault: " + entry.fault);
  if (entry.refused) all.push(entry.refused);
  if (entry.breach) all.push("the answer breaks the contract: " + entry.breach);
  return all.join("; ") || (entry.executed ? "executed" : "");
}

function add(entry) {
  const kind = entry.fault ? "fault" : entry.refused || entry.breach ? "refused" : "";
  const answer = entry.status ? entry.status + (entry.code ? " " + entry.code : "") : "none";
  const name = entry.op || entry.method + " " + entry.path;
  const tr = row([entry.seq, new Date(entry.at).toLocaleTimeString(), name, entry.user || "", answer, happened(entry)], "entry " + kind);
  tr.tabIndex = 0;
  const open = () => {
    const next = tr.nextElementSibling;
    if (next && next.className === "whole") return next.remove();
    const cell = element("td");
    cell.colSpan = 6;
    cell.append(element("pre", JSON.stringify(entry, null, 2)));
    const whole = element("tr", undefined, "whole");
    whole.append(cell);
    tr.after(whole);
  };
  tr.addEventListener("click", open);
  tr.addEventListener("keydown", (e) => { if (e.key === "Enter") open(); });
  at("journal").prepend(tr);
  while (at("journal").rows.length > rowsKept) at("journal").lastElementChild.remove();
}

async function faults() {
  const rules = await ask(address("faults"));
  at("faults").replaceChildren(...rules.map((rule) =>
    row([rule.id, JSON.stringify(rule.match), JSON.stringify(rule.action), rule.seen, rule.fired], rule.fired ? "" : "unfired")));
}

async function namespaces() {
  const chosen = namespace();
  const names = await ask("namespaces");
  at("namespace").replaceChildren(...names.map((name) => element("option", name)));
  at("namespace").value = names.includes(chosen) ? chosen : "default";
}

async function operations() {
  const list = await ask("operations");
  at("operations").replaceChildren(...list.map((o) => row([o.name, o.callback ? "callback" : o.method, o.path || ""])));
  at("names").replaceChildren(...[...new Set(list.map((o) => o.name))].map((name) => Object.assign(element("option"), { value: name })));
  const { vendor } = await ask("health");
  at("vendor").textContent = document.title = "Mock of " + vendor;
}

let since = 0;
let turn = 0; // rises whenever the view begins anew: answers to older questions are dropped

function anew() {
  turn++;
  since = 0;
  at("journal").replaceChildren();
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// watch asks for what is new; the mock answers when there is something, or with
// nothing after ten seconds.
async function watch() {
  for (;;) {
    const mine = turn;
    try {
      await namespaces();
      await faults();
      const entries = await ask(address("journal", { op: at("op").value, since, within: "10s" }));
      if (mine !== turn) continue;
      for (const entry of entries) {
        since = entry.seq;
        add(entry);
      }
      at("state").textContent = "live";
    } catch (e) {
      at("state").textContent = e.status ? e.message : "the mock does not answer";
      if (!e.status) anew(); // when it is back it counts from 1 again
      await pause(1000);
    }
  }
}

at("namespace").addEventListener("change", anew);
at("op").addEventListener("change", anew);
at("clear").addEventListener("click", async () => {
  await ask(address("journal"), { method: "DELETE" });
  anew();
});
operations().catch((e) => { at("state").textContent = e.message; });
watch();
