import { formatDateTime } from './date-time.ts';

/** What the trace fields tell of one delivery. */
export interface Trace {
  /** Without angle brackets, '' for the null reverse-path. */
  readonly reversePath: string;
  readonly forwardPath: string;
  readonly hostname: string;
  readonly protocol: string;
  readonly tls: TlsSession | null;
  readonly id: string;
  readonly receivedAt: Date;
}

/** As Node names them: `TLSv1.3` and `TLS_AES_256_GCM_SHA384`. */
export interface TlsSession {
  readonly protocol: string;
  readonly cipher: string;
}

/**
 * Return-Path and Received: RFC 5321 §4.4.
 *
 * The FROM clause of a submission names this server: who writes a mail need not tell everybody who reads it, and whoever
 * they pass it on to, the addresses of their home and their telephone (RFC 5321 §7.6). The log and the database have them.
 */
export function submissionTrace(trace: Trace): string {
  const { hostname, protocol, tls, id } = trace;
  const security = tls === null ? '' : ` (${tls.protocol} ${tls.cipher})`;
  return [
    `Return-Path: <${trace.reversePath}>`,
    `Received: from ${hostname} by ${hostname} (Postel)`,
    `\twith ${protocol}${security} id ${id}`,
    `\tfor <${trace.forwardPath}>; ${formatDateTime(trace.receivedAt)}`,
    '',
  ].join('\r\n');
}
