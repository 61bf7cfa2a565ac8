/** Measures mail that comes from other servers, by its signatures: `npm run bench -- mx --help`. */
import { parseArgs } from 'node:util';
import { ConfiguredServer, HOST } from '../apps/postel/src/testing/configured-server.ts';
import { format, median, quantile } from './figures.ts';
import { MailOrigin, type Signature } from './mail-origin.ts';
import { MailSender } from './mail-sender.ts';
import { Corpus } from './mailbench/corpus.mjs';
import { MeasuredProcess } from './measured-process.ts';
import { cpuMs } from './process-tree.ts';

const HELP = `Measures mail that comes from other servers, with and without DKIM signatures, and prints a table.

  npm run bench -- mx [--messages N] [--clients N] [--rounds N] [--only TEXT]

  --messages N   of 4 kB, in each round (default 2,000)
  --clients N    connections that send at the same time (default 4)
  --rounds N     each row is the median of so many (default 3)
  --only TEXT    rows whose name has that text

A server as "postel serve" runs it, which asks a DNS server of this program's own for MX, SPF, keys and DMARC policies of 50 domains; it
has the answers in its cache after the first message of each. A message counts when it was accepted, that is durable. CPU is of all
threads of the SMTP process, and of Postgres beside it; "a second and core" is what one core can do for both. A block is the longest time for which
the event loop of the SMTP process did nothing else, by its own metrics, which count from 10 ms on.`;

const DOMAINS = 50;
const OCTETS = 4_096;
/** Before anything is measured: the code is compiled, and the DNS is known. */
const FIRST = 300;

const SCENARIOS: readonly { readonly name: string; readonly signatures: readonly Signature[] }[] = [
  { name: 'no signature', signatures: [] },
  { name: 'one RSA signature of 2,048 bits', signatures: ['rsa'] },
  { name: 'one Ed25519 signature', signatures: ['ed25519'] },
  { name: 'one of each', signatures: ['rsa', 'ed25519'] },
];

export async function mx(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      messages: { type: 'string', default: '2000' },
      clients: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
    },
  });
  if (values.help) console.log(HELP);
  else await run(Number(values.messages), Number(values.clients), Number(values.rounds), values.only);
}

/** What one round gave. */
interface Round {
  readonly perSecond: number;
  readonly smtpUs: number;
  readonly postgresUs: number;
  readonly p50Ms: number;
  readonly blockMs: number;
}

async function run(messages: number, clients: number, rounds: number, only: string): Promise<void> {
  await using origin = await MailOrigin.start(DOMAINS);
  await using server = await ConfiguredServer.prepare({ dns: { servers: [origin.dnsServer] } });
  await server.start();
  await server.addAccount('mary');
  const load = new Load(origin, server, clients);
  console.log(
    '| mail of another server, 4 kB | a second | CPU us a message: SMTP | Postgres | both | a second and core | p50 ms | longest block ms |',
  );
  console.log('|---|--:|--:|--:|--:|--:|--:|--:|');
  for (const { name, signatures } of SCENARIOS.filter((one) => one.name.includes(only))) {
    await load.send(FIRST, signatures);
    const measured: Round[] = [];
    while (measured.length < rounds) measured.push(await load.measure(messages, signatures));
    const of = (figure: (round: Round) => number) => median(measured.map(figure));
    const both = of((round) => round.smtpUs + round.postgresUs);
    const columns = [
      of((round) => round.perSecond),
      of((round) => round.smtpUs),
      of((round) => round.postgresUs),
      both,
      1e6 / both,
      of((round) => round.p50Ms),
      Math.max(...measured.map((round) => round.blockMs)),
    ];
    console.log(`| ${[name, ...columns.map(format)].join(' | ')} |`);
  }
}

class Load {
  readonly #origin: MailOrigin;
  readonly #server: ConfiguredServer;
  readonly #clients: number;
  readonly #process: MeasuredProcess;
  #seed = 0;

  constructor(origin: MailOrigin, server: ConfiguredServer, clients: number) {
    this.#origin = origin;
    this.#server = server;
    this.#clients = clients;
    this.#process = new MeasuredProcess({
      name: 'smtp',
      roots: [server.process.pid],
      metricsPort: server.ports.status,
    });
  }

  /** @returns how long each took, from MAIL to the reply that it is accepted, in ms */
  async send(count: number, signatures: readonly Signature[]): Promise<readonly number[]> {
    return await this.#deliver(this.#messages(count, signatures));
  }

  async measure(count: number, signatures: readonly Signature[]): Promise<Round> {
    const messages = this.#messages(count, signatures);
    const pids = { smtp: this.#process.pid, postgres: this.#server.run.postgres?.pid ?? 0 };
    const cpu = () => ({ smtp: cpuMs([pids.smtp]), postgres: cpuMs([pids.postgres]) });
    const passes = () =>
      this.#process.metric('postel_smtp_authentication_results_total', 'method="dkim",result="pass"');
    const [passedBefore, before] = [await passes(), cpu()];
    const { result, ms, blockMs } = await this.#process.measure(() => this.#deliver(messages));
    const after = cpu();
    const passed = (await passes()) - passedBefore;
    if (passed !== (signatures.length > 0 ? count : 0)) throw new Error(`${passed} of ${count} signatures were good`);
    return {
      perSecond: (count * 1_000) / ms,
      smtpUs: ((after.smtp - before.smtp) * 1_000) / count,
      postgresUs: ((after.postgres - before.postgres) * 1_000) / count,
      p50Ms: quantile(result, 0.5),
      blockMs,
    };
  }

  #messages(count: number, signatures: readonly Signature[]): readonly SignedMessage[] {
    const { domains } = this.#origin;
    const perDomain = Math.ceil(count / domains.length);
    const byDomain = domains.map((domain) => {
      const sender = `peer@${domain}`;
      const corpus = new Corpus({ seed: ++this.#seed, size: OCTETS, to: 'mary@example.com', client: sender });
      return corpus
        .take(perDomain)
        .map(({ buf }): SignedMessage => ({ sender, octets: this.#origin.signed(buf, domain, signatures) }));
    });
    // Of one domain after the other.
    return Array.from({ length: perDomain }, (_, i) => byDomain.flatMap((messages) => messages.slice(i, i + 1)))
      .flat()
      .slice(0, count);
  }

  async #deliver(messages: readonly SignedMessage[]): Promise<readonly number[]> {
    const tookMs: number[] = [];
    let next = 0;
    const work = async () => {
      await using client = await MailSender.connect(this.#server.ports.mx, HOST);
      await client.greet();
      for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
        const begun = performance.now();
        await client.deliver(message.sender, 'mary@example.com', message.octets);
        tookMs.push(performance.now() - begun);
      }
    };
    await Promise.all(Array.from({ length: this.#clients }, work));
    return tookMs;
  }
}

interface SignedMessage {
  readonly sender: string;
  readonly octets: Buffer;
}
