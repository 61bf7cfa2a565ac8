import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { parseHostPort, type Route } from '@postel/directory';
import { lookUpAddresses, lookUpMx, type Resolver } from '@postel/dns';
import { type SmtpConnection, SmtpError, type SmtpReply, textOf } from '@postel/smtp-client';
import { ADDRESSES_A_HOST, MX_HOSTS_TESTED, TEST_REPLY_MS, TESTED_TEXT_CHARACTERS } from './limits.ts';
import { openSmarthost, type SmarthostStep } from './open-smarthost.ts';
import type { RouteSecrets } from './route-secrets.ts';
import type { Source, SourceAddresses } from './source-addresses.ts';

/** What is tried beyond the login. */
export interface RouteTest {
  /** Is given to RCPT; null: no mail transaction is begun. */
  readonly to: string | null;
  /** Of MAIL; '' for the null reverse-path. */
  readonly from: string;
  /** A short message is sent, where nothing goes wrong before. */
  readonly sends: boolean;
}

/** One thing that was found, in words; without secrets. */
export interface TestStep {
  readonly text: string;
  readonly isFailure: boolean;
}

export interface RouteTestParts {
  readonly route: Route;
  readonly secrets: RouteSecrets;
  readonly resolver: Resolver;
  readonly sources: SourceAddresses;
  /** Of other servers: 25 but in tests. */
  readonly port?: number;
}

type Say = (step: TestStep) => void;

/**
 * Tries a route, as far as a transaction that is taken back, and says what it finds as it finds it. Never sends mail unless it is told to.
 *
 * @returns whether each host of the route does
 */
export async function testRoute(parts: RouteTestParts, test: RouteTest, say: Say): Promise<boolean> {
  const hosts = await hostsOf(parts, test, say);
  let works = hosts.length > 0;
  for (const { host, port, isSmarthost } of hosts) {
    say(
      fine(
        `${host}, port ${port}${parts.route.settings.proxy === null ? '' : `, by the proxy ${parts.route.settings.proxy}`}:`,
      ),
    );
    const does = await testHost(parts, { host, port, isSmarthost }, test, say);
    works = isSmarthost ? works && does : does;
    // One server of a domain is enough, and one message.
    if (does && (!isSmarthost || test.sends)) return works;
  }
  return works;
}

interface TestedHost {
  readonly host: string;
  readonly port: number;
  readonly isSmarthost: boolean;
}

/** The smarthosts, or the servers of the domain of whom it is to. */
async function hostsOf(
  { route, resolver, port = 25 }: RouteTestParts,
  { to }: RouteTest,
  say: Say,
): Promise<readonly TestedHost[]> {
  const smarthosts = route.settings.hosts.map((text) => parseHostPort(text, 25)).filter((place) => place !== null);
  if (smarthosts.length > 0) return smarthosts.map((place) => ({ ...place, isSmarthost: true }));
  if (to === null) {
    say(failure('The route goes to the servers of each domain. Say which, by an address there: --to ADDRESS'));
    return [];
  }
  const domain = to.slice(to.lastIndexOf('@') + 1);
  const answer = await lookUpMx(resolver, domain);
  if (answer.kind === 'found') {
    const order = answer.records.toSorted((a, b) => a.preference - b.preference);
    say(fine(`${domain} has the servers ${printable(order.map(({ exchange }) => exchange).join(', '))}.`));
    return order.slice(0, MX_HOSTS_TESTED).map(({ exchange }) => ({ host: exchange, port, isSmarthost: false }));
  }
  if (answer.kind === 'nodata') return [{ host: domain, port, isSmarthost: false }];
  say(
    failure(
      answer.kind === 'null-mx' ? `${domain} takes no mail.` : `The DNS does not say which servers ${domain} has.`,
    ),
  );
  return [];
}

async function testHost(parts: RouteTestParts, place: TestedHost, test: RouteTest, say: Say): Promise<boolean> {
  const { route, sources } = parts;
  const { settings } = route;
  for (const address of (await addressesOf(parts, place, say)).slice(0, ADDRESSES_A_HOST)) {
    const source = await sources.choose(settings, settings.proxy === null ? (address ?? place.host) : '');
    if (source === null) {
      const all = Object.keys(settings.sources).join(', ');
      say(
        failure(
          `  ${address}: of the source addresses ${all} none is on this machine and fits. Are they those of this host?`,
        ),
      );
      continue;
    }
    if (await testAddress(parts, place, { address, source }, test, say)) return true;
  }
  return false;
}

/** Null in it: for the proxy to find. */
async function addressesOf(
  { route, resolver }: RouteTestParts,
  { host, isSmarthost }: TestedHost,
  say: Say,
): Promise<readonly (string | null)[]> {
  if (isIP(host) !== 0) return [host];
  if (isSmarthost && route.settings.proxy !== null) return [null];
  const answer = await lookUpAddresses(resolver, host);
  if (answer.kind === 'found') return answer.records.toSorted((a, b) => isIP(a) - isIP(b));
  const why = answer.kind === 'temporary' ? `does not answer: ${answer.reason}` : 'has no address of that name';
  say(failure(`  The DNS ${why}. Is the name right?`));
  return [];
}

async function testAddress(
  { route, secrets }: RouteTestParts,
  { host, port, isSmarthost }: TestedHost,
  { address, source }: { readonly address: string | null; readonly source: Source },
  test: RouteTest,
  say: Say,
): Promise<boolean> {
  const from = source.address === null ? '' : ` from ${source.address}`;
  say(fine(`  connecting${address === null ? '' : ` to ${address}`}${from}, as ${source.ehlo}`));
  // Of servers of domains whoever answers is good enough for a test.
  const settings = isSmarthost ? route.settings : { ...route.settings, tls: 'opportunistic' as const };
  const step = (each: SmarthostStep) => {
    for (const text of spoken(each)) say(fine(`  ${text}`));
  };
  try {
    const { connection } = await openSmarthost(
      { settings, secrets, host, port, address, source },
      { step, replyMs: TEST_REPLY_MS },
    );
    using _ = connection;
    const isTaken = test.to === null || (await transact(connection, test.to, test, source.ehlo, say));
    await connection.quit();
    return isTaken;
  } catch (error) {
    if (!(error instanceof SmtpError)) throw error;
    say(failure(`  ${printable(error.message)}`));
    const hint = hintOf(error, route);
    if (hint !== null) say(failure(`  ${hint}`));
    return false;
  }
}

/** MAIL and RCPT, and RSET, or the message. */
async function transact(
  connection: SmtpConnection,
  to: string,
  { from, sends }: RouteTest,
  hostname: string,
  say: Say,
): Promise<boolean> {
  const ask = async (line: string, takes: (reply: SmtpReply) => boolean) => {
    const reply = await connection.command(line, TEST_REPLY_MS);
    const text = `  ${line}: ${printable(textOf(reply))}`;
    say(takes(reply) ? fine(text) : failure(text));
    return takes(reply);
  };
  const isDone = ({ code }: SmtpReply) => code >= 250 && code <= 252;
  if (!(await ask(`MAIL FROM:<${from}>`, isDone)) || !(await ask(`RCPT TO:<${to}>`, isDone))) return false;
  if (!sends) {
    await connection.command('RSET', TEST_REPLY_MS);
    say(fine('  Nothing was sent: the transaction was taken back.'));
    return true;
  }
  if (!(await ask('DATA', ({ code }) => code === 354))) return false;
  const reply = await connection.data(testMessage(from, to, hostname));
  const isTaken = reply.code === 250;
  say({ text: `  the message: ${printable(textOf(reply))}`, isFailure: !isTaken });
  return isTaken;
}

function testMessage(from: string, to: string, hostname: string): Buffer {
  const lines = [
    `From: <${from === '' ? `postmaster@${hostname}` : from}>`,
    `To: <${to}>`,
    'Subject: Test of a route',
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${randomUUID()}@${hostname}>`,
    'Auto-Submitted: auto-generated',
    '',
    'This message was sent to see whether it arrives.',
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

function spoken(step: SmarthostStep): readonly string[] {
  switch (step.type) {
    case 'connected':
      return [`it says ${printable(step.greeting)}`];
    case 'in-the-clear':
      return ['without TLS'];
    case 'secured': {
      const { protocol, certificate, isVerified } = step;
      const whose = isVerified ? 'with the host that was meant' : 'whoever it is: nobody has looked';
      if (certificate === null) return [`${protocol}, ${whose}, without a certificate`];
      const { names, notAfter, fingerprint } = certificate;
      return [
        `${protocol}, ${whose}`,
        `its certificate is for ${printable(names.join(', ') || 'no name')}, until ${notAfter.toISOString().slice(0, 10)}; its key is sha256:${fingerprint}`,
      ];
    }
    case 'greeted':
      return [
        `it offers ${printable([...step.extensions].map(([name, value]) => `${name} ${value}`.trim()).join(', ') || 'nothing')}`,
      ];
    case 'logged-in':
      return [`logged in by ${step.mechanism}`];
    default:
      return step satisfies never;
  }
}

/** What a person may do about it. */
function hintOf({ kind, message }: SmtpError, { name, settings }: Route): string | null {
  switch (kind) {
    case 'login':
      return `Is it the right user and password? Give it anew: postel config route update ${name} --user NAME --new-password`;
    case 'untrusted':
      if (/no STARTTLS/.test(message))
        return `If its port is one of TLS from the first octet: postel config route update ${name} --tls implicit`;
      return `If it is the right one: postel config route update ${name} --server-key with its fingerprint, --tls-name or --ca-file`;
    case 'unreachable':
      if (settings.proxy !== null) return 'Is the proxy the right one, and does it let us through?';
      return 'Is it the right port, and does a firewall let us through? Many networks block port 25.';
    case 'protocol':
      return settings.tls === 'implicit'
        ? null
        : `If its port is one of TLS from the first octet: postel config route update ${name} --tls implicit`;
    default:
      return null;
  }
}

/** What another server says is to write no lines of its own on a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '?').slice(0, TESTED_TEXT_CHARACTERS);
}

const fine = (text: string): TestStep => ({ text, isFailure: false });
const failure = (text: string): TestStep => ({ text, isFailure: true });
