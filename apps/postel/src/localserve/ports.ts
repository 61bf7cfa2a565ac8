import { UsageError } from '../command-error.ts';

/** A test server with known passwords listens here and nowhere else. There is no setting for it. */
export const LOOPBACK = '127.0.0.1';

/** The standard port of each service that is built; LMTP, the web and the metrics have none, and count from 24, 80 and 81. */
const STANDARD_PORTS = {
  mx: 25,
  lmtp: 24,
  imap: 143,
  imaps: 993,
  submissions: 465,
  submission: 587,
  web: 80,
  webKeys: 443,
  metrics: 81,
} as const;

type Service = keyof typeof STANDARD_PORTS;
export type Ports = Readonly<Record<Service, number>>;

const HIGHEST_OFFSET = 65_535 - Math.max(...Object.values(STANDARD_PORTS));

/**
 * The port of each service: its standard port + the offset, as it was typed.
 * @throws {UsageError} if that is no number, or one that leads beyond the last port
 */
export function portsAt(typed: string): Ports {
  const offset = /^\d{1,5}$/.test(typed) ? Number(typed) : Number.NaN;
  if (!(offset <= HIGHEST_OFFSET)) {
    throw new UsageError(`--port-offset is a whole number from 0 to ${HIGHEST_OFFSET}, not "${typed}"`);
  }
  const { mx, lmtp, imap, imaps, submissions, submission, web, webKeys, metrics } = STANDARD_PORTS;
  return {
    mx: mx + offset,
    lmtp: lmtp + offset,
    imap: imap + offset,
    imaps: imaps + offset,
    submissions: submissions + offset,
    submission: submission + offset,
    web: web + offset,
    webKeys: webKeys + offset,
    metrics: metrics + offset,
  };
}

/** What to do about a port that cannot be opened. */
export function describePortProblem({ port, code }: { readonly port: number; readonly code: string }): string {
  if (code === 'EADDRINUSE') {
    return `Port ${port} on ${LOOPBACK} is in use by another program. Stop that one, or use other ports with --port-offset N.`;
  }
  if (code === 'EACCES') {
    return `Port ${port} is not open to ordinary users. Use ports of 1024 and above with --port-offset N.`;
  }
  return `Port ${port} on ${LOOPBACK} cannot be opened (${code}).`;
}
