import { announce } from './events.ts';
import { provePerson } from './prove-person.ts';
import { problemText, t } from './texts/texts.ts';

/** What the server said that is not what was asked for; or that it said nothing. */
export class ApiError extends Error {
  readonly status: number;
  readonly kind: string;

  constructor(status: number, kind: string, detail: string) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.kind = kind;
  }
}

const AWAY = new Set([502, 503, 504]);
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface CallOptions {
  readonly body?: unknown;
  /** The state that a change starts from: what others have changed since is not overwritten. */
  readonly ifMatch?: string | null;
  readonly signal?: AbortSignal;
}

export interface Answer<Data> {
  readonly data: Data;
  readonly etag: string | null;
  /** Where a long list goes on, as a path of the API; null: it does not. */
  readonly next: string | null;
}

/** Asks once, and once more when the person has proved who they are, where that is wanted. @throws {ApiError} */
export async function call<Data>(method: Method, path: string, options: CallOptions = {}): Promise<Answer<Data>> {
  try {
    return await callOnce(method, path, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.kind !== 'proof-needed') throw error;
    if (!(await provePerson())) throw new ApiError(0, 'cancelled', t.proof.isMissing);
    return await callOnce(method, path, options);
  }
}

async function callOnce<Data>(method: Method, path: string, options: CallOptions): Promise<Answer<Data>> {
  const { body, ifMatch, signal } = options;
  const headers = new Headers();
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (typeof ifMatch === 'string') headers.set('if-match', ifMatch);
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, 'away', t.parts.awayNow);
  }
  if (!response.ok) throw await readProblem(response, path);
  const data: Data = response.status === 204 ? null : await response.json();
  return { data, etag: response.headers.get('etag'), next: nextOf(response.headers.get('link')) };
}

/** Asks until there is an answer, and tells the page while there is none. @throws {ApiError} what is wrong with the question */
export async function ask<Data>(path: string, signal: AbortSignal): Promise<Answer<Data>> {
  for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(2 * delayMs, LAST_RETRY_MS)) {
    try {
      const answer = await call<Data>('GET', path, { signal });
      announce('connected');
      return answer;
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError) || !isAway(error)) throw error;
      announce('away');
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    signal.throwIfAborted();
  }
}

/** `</api/v1/...>; rel="next"` (RFC 8288). */
function nextOf(link: string | null): string | null {
  const [, path] = /^<\/api\/v1([^>]*)>; rel="next"$/.exec(link ?? '') ?? [];
  return path ?? null;
}

const isAway = ({ status }: ApiError) => status === 0 || AWAY.has(status);

async function readProblem(response: Response, path: string): Promise<ApiError> {
  const problem: { kind?: unknown; detail?: unknown } = await response.json().catch(() => ({}));
  const kind = typeof problem.kind === 'string' ? problem.kind : 'failed';
  const detail = typeof problem.detail === 'string' ? problem.detail : t.parts.answered(response.status);
  if (response.status === 401 && path !== '/session') announce('signed-out');
  return new ApiError(response.status, kind, problemText(kind, detail));
}
