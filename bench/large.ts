/** Measures what large messages cost on each road that they come in by: `npm run bench -- large --help`. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ConfiguredServer, HOST } from '../apps/postel/src/testing/configured-server.ts';
import { format } from './figures.ts';
import { MailOrigin } from './mail-origin.ts';
import { type Handover, MailSender } from './mail-sender.ts';
import { Corpus } from './mailbench/corpus.mjs';
import { MeasuredProcess } from './measured-process.ts';
import { cpuMs } from './process-tree.ts';

const HELP = `Measures what large messages cost on each road that they come in by, and prints a table.

  npm run bench -- large [--megabytes A,B,...] [--messages N] [--clients N] [--only TEXT]

  --megabytes L  sizes, in turn (default 3,30,90)
  --messages N   of each size, one after the other (default 6)
  --clients N    connections that send at the same time (default 2)
  --only TEXT    roads whose name has that text

Memory is what the SMTP process had at most, beyond what it had after a message of 1 MB on each road and a rest. CPU is that of the SMTP process. A
block is the longest time for which its event loop did nothing else, by its own metrics, which count from 10 ms on.`;

const MB = 1024 * 1024;
/** What start-up and the first messages leave to be done is done by then. */
const REST_MS = 3_000;
const ACCOUNT = 'mary@example.com';

interface Road {
  readonly name: string;
  readonly handover: Handover;
  connect(server: ConfiguredServer): Promise<MailSender>;
  /** By the domain of the sender. */
  readonly isSigned: boolean;
}

const ROADS: readonly Road[] = [
  { name: 'MX, signed', handover: 'DATA', connect: connectMx, isSigned: true },
  { name: 'MX, signed, in chunks', handover: 'BDAT', connect: connectMx, isSigned: true },
  { name: 'submission over TLS', handover: 'DATA', connect: connectSubmissions, isSigned: false },
  { name: 'submission over TLS, in chunks', handover: 'BDAT', connect: connectSubmissions, isSigned: false },
  { name: 'LMTP', handover: 'DATA', connect: connectLmtp, isSigned: false },
  { name: 'LMTP, in chunks', handover: 'BDAT', connect: connectLmtp, isSigned: false },
];

async function connectMx({ ports }: ConfiguredServer): Promise<MailSender> {
  const client = await MailSender.connect(ports.mx, HOST);
  await client.greet();
  return client;
}

async function connectSubmissions({ ports }: ConfiguredServer): Promise<MailSender> {
  const client = await MailSender.connectTls(ports.submissions, { rejectUnauthorized: false });
  await client.greet();
  await client.logIn('mary', 'correct horse');
  return client;
}

async function connectLmtp({ ports }: ConfiguredServer): Promise<MailSender> {
  const client = await MailSender.connect(ports.other, HOST);
  await client.greet('LHLO');
  return client;
}

interface Options {
  readonly sizes: readonly number[];
  readonly messages: number;
  readonly clients: number;
  readonly only: string;
}

export async function large(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      megabytes: { type: 'string', default: '3,30,90' },
      messages: { type: 'string', default: '6' },
      clients: { type: 'string', default: '2' },
      only: { type: 'string', default: '' },
    },
  });
  if (values.help) console.log(HELP);
  else {
    const sizes = values.megabytes.split(',').map(Number);
    await run({ sizes, messages: Number(values.messages), clients: Number(values.clients), only: values.only });
  }
}

async function run({ sizes, messages, clients, only }: Options): Promise<void> {
  await using origin = await MailOrigin.start(1);
  await using server = await ConfiguredServer.prepare();
  const lmtp = { addresses: [HOST], port: server.ports.other };
  server.configure({ dns: { servers: [origin.dnsServer] }, smtp: { lmtp } });
  await server.start();
  await server.addAccount('mary');
  const roads = ROADS.filter(({ name }) => name.includes(only));
  for (const road of roads) await deliver(server, road, [messageFor(origin, road, 1)], 1);
  await delay(REST_MS);
  const smtp = new MeasuredProcess({ name: 'smtp', roots: [server.process.pid], metricsPort: server.ports.status });
  console.log(`The SMTP process at rest: ${format(smtp.restKilobytes / 1_024)} MB\n`);
  console.log('| road | MB a message | MB a second | CPU ms a MB | memory MB | longest block ms |');
  console.log('|---|--:|--:|--:|--:|--:|');
  for (const road of roads) {
    for (const size of sizes) {
      const message = messageFor(origin, road, size);
      await smtp.forget();
      const before = cpuMs([smtp.pid]);
      const { ms, memoryKilobytes, blockMs } = await smtp.measure(() =>
        deliver(server, road, new Array<Buffer>(messages).fill(message), clients),
      );
      const megabytes = (messages * message.length) / MB;
      const figures = [
        (megabytes * 1_000) / ms,
        (cpuMs([smtp.pid]) - before) / megabytes,
        memoryKilobytes / 1_024,
        blockMs,
      ];
      console.log(`| ${[road.name, size, ...figures.map(format)].join(' | ')} |`);
    }
  }
}

function messageFor(origin: MailOrigin, { isSigned }: Road, megabytes: number): Buffer {
  const [domain = ''] = origin.domains;
  const client = isSigned ? `peer@${domain}` : ACCOUNT;
  const size = megabytes * MB;
  const [message] = new Corpus({ seed: megabytes, size, kind: 'attachment', to: ACCOUNT, client }).take(1);
  if (message === undefined) throw new Error('the corpus is empty');
  return isSigned ? origin.signed(message.buf, domain, ['rsa']) : message.buf;
}

async function deliver(
  server: ConfiguredServer,
  road: Road,
  messages: readonly Buffer[],
  clients: number,
): Promise<void> {
  let next = 0;
  const work = async () => {
    await using client = await road.connect(server);
    for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
      await client.deliver(road.isSigned ? 'peer@north0.example' : ACCOUNT, ACCOUNT, message, road.handover);
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
}
