/** Measures what connections cost that do nothing: `npm run bench -- idle --help`. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ImapClient } from '@postel/testkit';
import { startLocalPostel } from './local-postel.ts';
import { MailSender } from './mail-sender.ts';
import { processesTitled, pssMegabytes } from './process-tree.ts';

const HELP = `Measures the memory of connections that do nothing: of IMAP, logged in, with a mailbox selected and in IDLE; of SMTP, after EHLO and, on
submission, a login.

  npm run bench -- idle [--connections N] [--kind KIND]

  --connections N   at once (default 2000; the shell's limit of open files must allow it)
  --kind KIND       of IMAP: plain, tls, or compressed: COMPRESS=DEFLATE in the clear (default plain);
                    of SMTP: mx, mx-tls: by STARTTLS, submission: in the clear, submissions: by TLS, or lmtp

Memory is the proportional set size of the process that serves them, and of all processes of Postel and Postgres together, beyond what it was
after 200 connections that came and went. What logins leave behind is collected when the engine finds it worth while: hence two figures.`;

const PORT_OFFSET = 36_000;
const AT_ONCE = 20;
const FIRST = 200;
/** By then it has collected. */
const REST_MS = 60_000;

/** Of each kind the process that serves it, and how a client gets there. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['plain', { process: 'imap', begin: () => beginImap('plain') }],
  ['tls', { process: 'imap', begin: () => beginImap('tls') }],
  ['compressed', { process: 'imap', begin: () => beginImap('compressed') }],
  ['mx', { process: 'smtp', begin: () => beginSmtp(25) }],
  ['mx-tls', { process: 'smtp', begin: () => beginSmtp(25, 'starttls') }],
  ['submission', { process: 'smtp', begin: () => beginSmtp(587, 'login') }],
  ['submissions', { process: 'smtp', begin: () => beginSmtp(465, 'tls', 'login') }],
  ['lmtp', { process: 'smtp', begin: () => beginSmtp(24, 'lhlo') }],
]);

interface Kind {
  readonly process: 'imap' | 'smtp';
  /** Opens a connection, and leaves it where it waits. */
  begin(): Promise<Socket>;
}

export async function idle(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      connections: { type: 'string', default: '2000' },
      kind: { type: 'string', default: 'plain' },
    },
  });
  const kind = KINDS.get(values.kind);
  if (values.help || kind === undefined) console.log(HELP);
  else await run(Number(values.connections), kind);
}

async function run(connections: number, kind: Kind): Promise<void> {
  const temporary = mkdtempSync(join(tmpdir(), 'postel-bench-'));
  try {
    await using postel = await startLocalPostel(join(temporary, 'postel'), PORT_OFFSET);
    const roots = Object.values(postel.pids);
    const serving = processesTitled(`postel ${kind.process}`, roots);
    const memory = () => ({ serving: pssMegabytes(serving), all: pssMegabytes(roots) });
    for (const socket of await open(FIRST, kind)) socket.destroy();
    await delay(REST_MS);
    const before = memory();
    const sockets = await open(connections, kind);
    const print = (when: string) => {
      const now = memory();
      const kb = (megabytes: number) => ((megabytes * 1_024) / connections).toFixed(1);
      console.log(
        `${when}: ${kb(now.serving - before.serving)} kB a connection, ${kb(now.all - before.all)} kB in all processes together`,
      );
    };
    print('at once');
    await delay(REST_MS);
    print('at rest');
    for (const socket of sockets) socket.destroy();
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function open(count: number, kind: Kind): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Math.min(AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => kind.begin()))));
  }
  return sockets;
}

async function beginImap(kind: 'plain' | 'tls' | 'compressed'): Promise<Socket> {
  const client =
    kind === 'tls'
      ? await ImapClient.connectTls(PORT_OFFSET + 993, { rejectUnauthorized: false })
      : await ImapClient.connect(PORT_OFFSET + 143);
  await client.line();
  await client.command('LOGIN postel postelpostel');
  if (kind === 'compressed') {
    await client.command('COMPRESS DEFLATE');
    client.startCompression();
  }
  await client.command('SELECT INBOX');
  client.send('idle IDLE\r\n');
  await client.line();
  return client.socket;
}

async function beginSmtp(port: number, ...steps: ('lhlo' | 'starttls' | 'tls' | 'login')[]): Promise<Socket> {
  const client = steps.includes('tls')
    ? await MailSender.connectTls(PORT_OFFSET + port, { rejectUnauthorized: false })
    : await MailSender.connect(PORT_OFFSET + port);
  await client.greet(steps.includes('lhlo') ? 'LHLO' : 'EHLO');
  if (steps.includes('starttls')) await client.secure();
  if (steps.includes('login')) await client.logIn('postel', 'postelpostel');
  return client.socket;
}
