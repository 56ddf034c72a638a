// A thin client of the contract, typed by it: fetch and nothing else. It works in
// browsers, Node, Deno and Bun.
import { operations, type Operations } from "./generated.ts";
export * from "./generated.ts";

export interface Options {
  base?: string; // https://switchboard.example, without a slash at its end; empty: this page's origin
  appId?: string;
  appKey?: string; // the app's secret: back ends only
  token?: string | (() => string | Promise<string>); // of one user
  adminKey?: string;
  headers?: Record<string, string>;
  fetch?: typeof fetch;
}

type Given<O extends keyof Operations> =
  (Operations[O]["body"] extends undefined ? {} : { body: Operations[O]["body"] }) &
  (keyof Operations[O]["path"] extends never ? {} : { path: Operations[O]["path"] }) & {
    query?: Operations[O]["query"];
    header?: Operations[O]["header"];
    signal?: AbortSignal;
  };

// The data of the answer with code 0; the whole answer where there is no envelope.
type Data<A> = A extends { code: 0 } ? (A extends { data: infer D } ? D : undefined) : A extends { code: number } ? never : A;

// Failure is an answer that tells of one, or an answer that is not ours.
export class Failure extends Error {
  constructor(
    readonly status: number, // of HTTP; 200 where the API's failures have it
    readonly code: number, // the API's own; 0 under /admin
    message: string,
    readonly data: unknown,
    readonly retryAfter: number, // seconds; 0: nothing was said
    readonly requestId: string, // for /admin/explain
  ) {
    super(message);
  }
}

export class Client {
  constructor(private readonly options: Options = {}) {}

  // call answers the envelope, which narrows by its code. It throws a Failure for an
  // answer that has no envelope and tells of a failure.
  async call<O extends keyof Operations>(name: O, given: Given<O>): Promise<Operations[O]["answer"]> {
    const response = await this.send(name, given);
    const answer = await response.json().catch(() => null);
    if (answer === null || (!response.ok && typeof answer.code !== "number")) throw failureOf(response, answer);
    return answer;
  }

  // ask answers the data alone and throws a Failure for any code but 0.
  async ask<O extends keyof Operations>(name: O, given: Given<O>): Promise<Data<Operations[O]["answer"]>> {
    const response = await this.send(name, given);
    const answer = await response.json().catch(() => null);
    if (answer === null || !response.ok || (typeof answer.code === "number" && answer.code !== 0)) throw failureOf(response, answer);
    return typeof answer.code === "number" ? answer.data : answer;
  }

  private async send(name: keyof Operations, given: { body?: unknown; path?: object; query?: object; header?: object; signal?: AbortSignal }) {
    const [method, template] = operations[name];
    const path = template.replace(/\{(\w+)\}/g, (_, key) => encodeURIComponent(String((given.path as Record<string, unknown>)[key])));
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(given.query ?? {})) if (value !== undefined) query.set(key, String(value));
    const headers: Record<string, string> = { ...this.options.headers };
    for (const [key, value] of Object.entries(given.header ?? {})) if (value !== undefined) headers[key] = String(value);
    const { base = "", appId, appKey, token, adminKey, fetch: send = fetch } = this.options;
    if (appId) headers["app-id"] = appId;
    if (appKey) headers["app-key"] = appKey;
    if (adminKey) headers["admin-key"] = adminKey;
    if (token) headers["Authorization"] = "Bearer " + (typeof token === "function" ? await token() : token);
    if (given.body !== undefined) headers["Content-Type"] = "application/json";
    const search = query.toString();
    const body = given.body === undefined ? undefined : JSON.stringify(given.body);
    return send(base + path + (search && "?" + search), { method, headers, body, signal: given.signal, cache: "no-store" });
  }
}

function failureOf(response: Response, answer: any): Failure {
  const text = answer?.err ?? answer?.error ?? answer?.message ?? response.statusText;
  return new Failure(response.status, answer?.code ?? 0, String(text), answer?.data, Number(response.headers.get("Retry-After") ?? 0), response.headers.get("X-Request-Id") ?? "");
}
