// How the page calls: everything through the client that customers get, and under the
// session that the browser holds.
import { Client, Failure, type Operations } from "../../../openapi/typescript/client.ts";
import { t } from "./words.ts";
export { Failure };
export type { Operations };

export interface Session {
  role: "" | "reader" | "admin";
  version: string;
  sandbox: null | { app: string; key: string; admin_key: string; mocks: string[]; video: boolean };
}

// reach is fetch, which says in words of ours that nobody answers.
const reach: typeof fetch = (input, init) => fetch(input, init).catch(() => { throw new Error(t("unreachable")); });

export const admin = new Client({ fetch: reach });

export async function session(): Promise<Session> {
  return (await reach("/console/session", { cache: "no-store" })).json();
}

// signIn answers the HTTP status.
export async function signIn(key: string): Promise<number> {
  const answer = await fetch("/console/session", { method: "POST", headers: { "admin-key": key } }).catch(() => null);
  return answer?.status ?? 0;
}

export const signOut = () => fetch("/console/session", { method: "DELETE" });

export interface Call { id: string; method: string; path: string; status: number; code: number }

// traced is a fetch that names each request, so that /admin/explain can be asked about it,
// and tells how it ended: some answers have the HTTP status 200 and a code that is not 0.
export function traced(told: (call: Call) => void): typeof fetch {
  return async (input, init) => {
    const id = "stage-" + crypto.getRandomValues(new Uint32Array(2)).join("");
    const answer = await reach(input, { ...init, headers: { ...(init?.headers as Record<string, string>), "X-Request-Id": id } });
    const { code = 0 } = await answer.clone().json().catch(() => ({}));
    told({ id, method: init?.method ?? "GET", path: new URL(String(input), location.href).pathname, status: answer.status, code });
    return answer;
  };
}

export interface JournalEntry {
  seq: number; at: string; op: string; method: string; path: string; user?: string; request?: string; refused?: string; fault?: string;
  signature: { ok: boolean; reason?: string; canonical?: string }; executed: boolean; status: number; code?: string; answer?: string;
}

// mock asks a mock's own API.
export async function mock<T>(vendor: string, path: string, init?: RequestInit): Promise<T> {
  const answer = await reach(`/sandbox/mocks/${encodeURIComponent(vendor)}/${path}`, { cache: "no-store", ...init });
  if (!answer.ok) throw new Error(`${vendor}: ${answer.status}`);
  return answer.json();
}
