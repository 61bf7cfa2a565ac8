/** Measures how fast a queue goes out, beside Postfix's: `npm run bench -- relay --help`. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CountingSink } from './counting-sink.ts';
import { format, median } from './figures.ts';
import { PostelQueue } from './postel-queue.ts';
import { PostfixQueue } from './postfix-queue.ts';
import { cpuMs } from './process-tree.ts';

const HELP = `Measures how fast a full queue goes out to one sink on the loopback, Postel's and Postfix's by turns, and prints a table.

  npm run bench -- relay [--messages N] [--rounds N] [--only TEXT] [--skip-postfix] [--profile DIR]

  --messages N    of 1 kB (default 3000); of 100 kB it is a fifth
  --rounds N      of each, of which the median is printed (default 3)
  --only TEXT     rows whose name has that text
  --skip-postfix  Postel alone
  --profile DIR   CPU profiles of the relay go there

As root, with Debian's postfix, whose smtp-sink is the sink. Both queues are on the disk of the temporary directory, with fsync. A round begins with
the first message at the sink, and ends when the sink has all of them and the queue is empty. CPU is that of the relay and of Postgres, and of all of
Postfix's processes; the sink's is told beside it.`;

interface Scenario {
  readonly name: string;
  readonly octets: number;
  readonly isSigned: boolean;
  /** Of the messages of 1 kB. */
  readonly part: number;
}

const SCENARIOS: readonly Scenario[] = [
  { name: '1 kB', octets: 1_000, isSigned: false, part: 1 },
  { name: '1 kB, signed', octets: 1_000, isSigned: true, part: 1 },
  { name: '100 kB', octets: 100_000, isSigned: false, part: 0.2 },
  { name: '100 kB, signed', octets: 100_000, isSigned: true, part: 0.2 },
];

interface Round {
  readonly perSecond: number;
  readonly cpuUs: number;
  /** Of the sink. */
  readonly sinkPart: number;
}

export async function relay(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      messages: { type: 'string', default: '3000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      'skip-postfix': { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  if (values.help) return console.log(HELP);
  const directory = mkdtempSync(join(tmpdir(), 'postel-bench-relay-'));
  chmodSync(directory, 0o711); // Postfix's users go through it
  let postfix: PostfixQueue | null = null;
  try {
    await using sink = await CountingSink.start();
    await using postel = await PostelQueue.start(sink.port);
    postfix = values['skip-postfix'] ? null : new PostfixQueue(join(directory, 'postfix'), sink.port);
    const nodeOptions = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
    console.log(
      '| message | a second: Postel | Postfix | ratio | CPU us a message: relay and Postgres | Postfix | sink, of a core |\n|---|--:|--:|--:|--:|--:|--:|',
    );
    for (const scenario of SCENARIOS.filter(({ name }) => name.includes(values.only))) {
      const count = Math.max(1, Math.round(Number(values.messages) * scenario.part));
      const rounds: { readonly postel: Round; readonly postfix: Round | null }[] = [];
      while (rounds.length < Number(values.rounds)) {
        rounds.push({
          postel: await sendByPostel(postel, sink, scenario, count, nodeOptions),
          postfix: postfix === null ? null : await sendByPostfix(postfix, sink, scenario, count),
        });
      }
      console.log(rowOf(scenario, rounds));
    }
  } finally {
    await postfix?.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function rowOf(
  { name }: Scenario,
  rounds: readonly { readonly postel: Round; readonly postfix: Round | null }[],
): string {
  const of = (figure: (round: (typeof rounds)[number]) => number | null | undefined) =>
    median(rounds.map((round) => figure(round) ?? null));
  const columns = [
    of(({ postel }) => postel.perSecond),
    of(({ postfix }) => postfix?.perSecond),
    of(({ postel, postfix }) => (postfix === null ? null : postel.perSecond / postfix.perSecond)),
    of(({ postel }) => postel.cpuUs),
    of(({ postfix }) => postfix?.cpuUs),
    Math.max(...rounds.flatMap(({ postel, postfix }) => [postel.sinkPart, postfix?.sinkPart ?? 0])),
  ];
  return `| ${[name, ...columns.map(format)].join(' | ')} |`;
}

async function sendByPostel(
  postel: PostelQueue,
  sink: CountingSink,
  { octets, isSigned }: Scenario,
  count: number,
  nodeOptions: readonly string[],
): Promise<Round> {
  await postel.fill(count, octets, isSigned);
  const before = cpuMs([postel.postgresPid]);
  let relayPid = 0;
  const round = await measure(sink, count, postel, async () => {
    relayPid = await postel.open(nodeOptions);
  });
  const cpu = cpuMs([relayPid]) + cpuMs([postel.postgresPid]) - before;
  await postel.close();
  return { ...round, cpuUs: (cpu * 1_000) / count };
}

async function sendByPostfix(
  postfix: PostfixQueue,
  sink: CountingSink,
  { octets }: Scenario,
  count: number,
): Promise<Round> {
  await postfix.fill(count, octets);
  let master = 0;
  const round = await measure(sink, count, postfix, async () => {
    master = await postfix.open();
  });
  const cpu = cpuMs([master]);
  await postfix.close();
  return { ...round, cpuUs: (cpu * 1_000) / count };
}

async function measure(
  sink: CountingSink,
  count: number,
  queue: { empty(): Promise<void> },
  open: () => Promise<void>,
): Promise<Omit<Round, 'cpuUs'>> {
  const before = sink.messages;
  const sinkBefore = cpuMs([sink.pid]);
  // From the first message: how long a process takes to start is not a queue's rate.
  const begun = sink.took(before + 1);
  await open();
  const firstMs = await begun;
  await sink.took(before + count);
  await queue.empty();
  const ms = performance.now() - firstMs;
  return { perSecond: (count * 1_000) / ms, sinkPart: (cpuMs([sink.pid]) - sinkBefore) / ms };
}
