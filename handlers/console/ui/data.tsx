// What is kept of people: for how long, and who had it taken away or copied.
import { admin } from "./api.ts";
import { At, Badge, Card, Lead, Table, useLive, Waiting } from "./parts.tsx";
import { joined, number, t, told, when } from "./words.ts";

const seldom = 5000; // ms between two looks

export function Data() {
  const kept = useLive(() => admin.ask("retention", {}), seldom);
  const jobs = useLive(() => admin.ask("erasures", {}), seldom);
  return (
    <>
      <Lead title={t("data")} text={t("dataLead")} />
      <Waiting of={kept.error ? kept : jobs} />
      {kept.data && <Card title={t("retention")} flush tools={<span class="soft small">{joined(t("lastSweep"), kept.data.last_sweep ? when(kept.data.last_sweep) : "–")}</span>}>
        <Table label={t("retention")} empty={t("nothing")} head={[t("app"), t("what"), { num: t("days") }, t("oldest"), { num: t("behind") }]}
          rows={Object.entries(kept.data.apps).flatMap(([app, parts]) => parts.map((p) => [<b>{app}</b>, told(p.part), p.days ? number(p.days) : t("forEver"), p.oldest ? <At at={p.oldest} /> : "–", p.behind_seconds ? <Badge kind="warn">{number(p.behind_seconds / 3600, 1)}</Badge> : "–"]))} />
      </Card>}
      {jobs.data && <Card title={t("erasures")} flush>
        <Table label={t("erasures")} empty={t("noErasures")} head={[t("at"), t("state"), t("app"), t("by"), t("reason"), t("what")]}
          rows={jobs.data.erasures.map((e) => [<At at={e.began} />, <><Badge kind={e.state === "running" ? "warn" : ""}>{told(e.state)}</Badge>{e.part && <span class="soft small"> {e.part}{e.waits && `: ${e.waits}`}</span>}</>, e.app, <b>{e.by}</b>, e.reason,
            <details><summary>{t("look")}</summary><pre>{JSON.stringify({ request: e.request_id, counts: e.counts, vendors: e.vendors }, null, 1)}</pre></details>])} />
      </Card>}
    </>
  );
}
