import { isIPv6 } from 'node:net';
import { formatDateTime } from '@postel/mime';

/** What the trace fields tell of one delivery. */
export interface Trace {
  /** Without angle brackets, '' for the null reverse-path. */
  readonly reversePath: string;
  /** Null where it has several, who are not to learn of one another. */
  readonly forwardPath: string | null;
  /** The alias that it was, in canonical form; null if it is the account's own. */
  readonly alias: string | null;
  readonly hostname: string;
  /** What it called itself, and its IP address; null if it is not to be told. */
  readonly client: { readonly name: string; readonly address: string } | null;
  readonly protocol: string;
  readonly tls: TlsSession | null;
  readonly id: string;
  readonly receivedAt: Date;
  /** Fields that say what was found out about the message, or ''. */
  readonly findings: string;
}

/** As Node names them: `TLSv1.3` and `TLS_AES_256_GCM_SHA384`. */
interface TlsSession {
  readonly protocol: string;
  readonly cipher: string;
}

/** What a client's name may be of that stands in a FROM clause; a name may be anything in one word. */
const NOT_IN_NAMES = /[^\w.:[\]-]/g;

/**
 * Return-Path and Received: RFC 5321 §4.4. Delivered-To (RFC 9228) names an alias, by which a message that comes back to it is
 * known. Each account has its own, so that FOR can name the path by which the message came to
 * it and tells nobody of another recipient (RFC 5321 §7.2).
 */
export function traceFields(trace: Trace): string {
  // Results stand above other fields of the same server (RFC 8601 §5, RFC 7208 §9.1), and the reverse-path above all.
  return `Return-Path: <${trace.reversePath}>\r\n${relayedTraceFields(trace)}`;
}

/** Those of a message that goes on to another server, which is the one to add Return-Path: RFC 5321 §4.4. */
export function relayedTraceFields(trace: Trace): string {
  const { hostname, client, protocol, tls, id } = trace;
  const security = tls === null ? '' : ` (${tls.protocol} ${tls.cipher})`;
  const from =
    client === null
      ? [`Received: from ${hostname} by ${hostname} (Postel)`]
      : [
          `Received: from ${client.name.replace(NOT_IN_NAMES, '?')} (${addressLiteral(client.address)})`,
          `\tby ${hostname} (Postel)`,
        ];
  const received = [
    ...(trace.alias === null ? [] : [`Delivered-To: ${trace.alias}`]),
    ...from,
    `\twith ${protocol}${security} id ${id}${trace.forwardPath === null ? ';' : ''}`,
    `\t${trace.forwardPath === null ? '' : `for <${trace.forwardPath}>; `}${formatDateTime(trace.receivedAt)}`,
    '',
  ].join('\r\n');
  return `${trace.findings}${received}`;
}

/** RFC 5321 §4.1.3. */
function addressLiteral(address: string): string {
  return isIPv6(address) ? `[IPv6:${address}]` : `[${address}]`;
}
