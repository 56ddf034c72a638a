import { useEffect, useState } from "preact/hooks";
import { admin, type Operations } from "./api.ts";
import { Badge, Card, Lead, Note, said } from "./parts.tsx";
import { number, t, time, told } from "./words.ts";

type Explained = Operations["explain"]["answer"];
type Step = Explained["writes"][number]["steps"][number];

const kindOf = (s: Step) => (s.skipped ? "skip" : s.outcome === "ok" ? "ok" : s.outcome === "ambiguous" || s.outcome === "throttled" ? "warn" : s.outcome && s.outcome !== "" && s.vendor ? "bad" : "skip");
export const stateKind = (state: string) => ({ done: "ok", refused: "warn", failed: "bad", doubt: "warn", unknown: "bad" })[state] ?? "tint";

// noteOf is what an attempt tells beyond the vendor, operation and outcome that stand beside it.
function noteOf(s: Step): string {
  const note = s.note ?? "", beside = `${s.vendor} ${s.op}: `;
  if (!s.vendor) return "";
  return note.startsWith(beside) ? note.slice(beside.length).replace(/^[a-z_]+( \(code [^)]*\))?(: |$)/, "") : note;
}

// alike steps that follow each other are one line: what asks a vendor again and again
// would bury the rest.
const alike = (a: Step, b: Step) => a.vendor === b.vendor && a.op === b.op && a.outcome === b.outcome && a.code === b.code && a.note === b.note && a.skipped === b.skipped;

export function Steps({ steps }: { steps: Step[] }) {
  const runs = steps.reduce<{ s: Step; times: number }[]>((all, s) => {
    const last = all[all.length - 1];
    if (!last || !alike(last.s, s)) return [...all, { s, times: 1 }];
    return [...all.slice(0, -1), { s, times: last.times + 1 }];
  }, []);
  return (
    <ol class="steps">
      {runs.map(({ s, times }) => (
        <li class={kindOf(s)}>
          <span class="wrap"><b>{s.vendor || s.note}</b> {times > 1 && <Badge>× {times}</Badge>} <span class="soft">{[s.op, noteOf(s), s.code && `${t("code")} ${s.code}`].filter(Boolean).join(" · ")}</span></span>
          <span class="soft small">{s.skipped ? t("skipped") : [told(s.outcome ?? ""), s.took_ms >= 0.05 && `${number(s.took_ms, 1)} ms`].filter(Boolean).join(" · ")}</span>
        </li>
      ))}
    </ol>
  );
}

// ask has empty lists for what the ledger and the process know nothing of.
export const ask = (request: string) => admin.ask("explain", { path: { request }, query: { unknown: "empty" } });

export function Explain({ request }: { request: string }) {
  const [id, setId] = useState(request);
  const [found, set] = useState<Explained | undefined>();
  const [error, fail] = useState("");
  const look = async (of: string) => {
    set(undefined); fail("");
    if (!of) return;
    try {
      const got = await admin.ask("explain", { path: { request: of } });
      set(got);
    } catch (e) { fail(said(e)); }
  };
  useEffect(() => { if (request) setId(request); void look(request); }, [request]);
  return (
    <>
      <Lead title={t("explain")} text={t("explainLead")} />
      <form class="row end" onSubmit={(e) => { e.preventDefault(); location.hash = "#/explain/" + encodeURIComponent(id); if (id === request) void look(id); }}>
        <label class="field grow">{t("requestId")}<input value={id} onInput={(e) => setId(e.currentTarget.value)} maxLength={64} spellcheck={false} autocomplete="off" required /></label>
        <button class="main">{t("look")}</button>
      </form>
      {error && <Note kind="bad">{error}</Note>}
      {!request && <p class="card empty">{t("explainEmpty")}</p>}
      {found?.writes.map((w) => (
        <Card title={w.op} tools={<><Badge kind={stateKind(w.state)}>{told(w.state)}</Badge>{w.outcome && <Badge>{told(w.outcome)}</Badge>}</>}>
          <p class="soft small wrap">{[w.app, w.vendor, w.key, time(w.created)].filter(Boolean).join(" · ")}</p>
          <Steps steps={w.steps} />
        </Card>
      ))}
      {found?.reads.map((r) => <Card title={r.route} tools={<Badge>{t("readsOf")}</Badge>}><Steps steps={r.steps} /></Card>)}
    </>
  );
}
