import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { InheritedSocket } from './listening-sockets.ts';

/** Metrics of one process as prom-client gives them in JSON. */
export type MetricsJson = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Why an app could not start, for the person who must do something about it. */
export interface AppFailure {
  readonly message: string;
  /** Node's error code, such as `EADDRINUSE`. */
  readonly code: string | null;
  /** The port that could not be opened. */
  readonly port: number | null;
}

/** What the supervisor says to an app process. `start` comes first, and once. */
export type SupervisorMessage =
  | { readonly type: 'start'; readonly settings: unknown; readonly sockets: readonly InheritedSocket[] }
  /** Its certificates are to be read anew, and its log level is that of these settings; nothing else is different in them. */
  | { readonly type: 'reload'; readonly settings: unknown }
  | { readonly type: 'stop' }
  | { readonly type: 'metrics'; readonly id: number };

/** What an app process says to the supervisor. After `failed` it ends. */
export type AppMessage =
  | { readonly type: 'ready'; readonly ports: readonly number[] }
  | { readonly type: 'failed'; readonly failure: AppFailure }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: MetricsJson }
  /** A log line of level error or above, as JSON, for the person at the terminal. */
  | { readonly type: 'problem'; readonly line: string };

/** Reads what came over the channel; `null` for what this version does not know. */
export function parseSupervisorMessage(value: unknown): SupervisorMessage | null {
  if (!isRecord(value)) return null;
  const { type, settings, sockets, id } = value;
  if (type === 'start' && isSockets(sockets)) return { type, settings, sockets };
  if (type === 'reload') return { type, settings };
  if (type === 'stop') return { type };
  if (type === 'metrics' && typeof id === 'number') return { type, id };
  return null;
}

/** Reads what came over the channel; `null` for what this version does not know. */
export function parseAppMessage(value: unknown): AppMessage | null {
  if (!isRecord(value)) return null;
  const { type, ports, failure, id, metrics, line } = value;
  if (type === 'ready' && isNumbers(ports)) return { type, ports };
  if (type === 'failed' && isRecord(failure)) return { type, failure: parseFailure(failure) };
  if (type === 'metrics' && typeof id === 'number' && isMetrics(metrics)) return { type, id, metrics };
  if (type === 'problem' && typeof line === 'string') return { type, line };
  return null;
}

function parseFailure({ message, code, port }: Readonly<Record<string, unknown>>): AppFailure {
  return {
    message: typeof message === 'string' ? message : 'unknown',
    code: typeof code === 'string' ? code : null,
    port: typeof port === 'number' ? port : null,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function isSockets(value: unknown): value is readonly InheritedSocket[] {
  const isSocket = ({ host, port, fd }: Readonly<Record<string, unknown>>) =>
    typeof host === 'string' && typeof port === 'number' && typeof fd === 'number';
  return Array.isArray(value) && value.every((item) => isRecord(item) && isSocket(item));
}

// The other side is our own prom-client of the same version: its shape is not taken apart any further.
function isMetrics(value: unknown): value is MetricsJson {
  return Array.isArray(value) && value.every((item) => isRecord(item) && 'values' in item);
}
