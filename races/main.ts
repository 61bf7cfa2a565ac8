/** `npm run races`: see `npm run races -- --help`. The suite runs short forms (races.test.ts). */
import { parseArgs } from 'node:util';
import { startPostel } from '@postel/testkit';
import { runFlagRace } from './flag-race.ts';
import { runQuotaRace } from './quota-race.ts';
import { RaceServer } from './race-server.ts';
import { runWatchersRace } from './watchers-race.ts';

const HELP = `Has many clients change one account at once, on a real server with two IMAP processes, and checks what each is told.

  npm run races -- [--minutes N] [--writers N] [--watchers N] [--flags N] [--quota N]

  --flags N     so many flag changes that two processes make on the same condition: one must win each (default 10,000)
  --quota N     so many times 100 appends at once at the edge of the quota, by IMAP and LMTP (default 20)
  --minutes N   how long clients append, store, move and expunge while others watch; 20 times all stop, and every
                client's sequence numbers, UIDs and flags must be those of the database (default 10; 0.5 is half a minute)
  --writers N   clients that write (default 50)
  --watchers N  clients that only watch (default 50)

Examples:
  npm run races
  npm run races -- --minutes 1 --flags 1000
  npm run races -- --flags 0 --quota 0 --minutes 60

It needs no server: it starts one of its own, and removes it. It ends with status 1 at the first thing that is not right, and
prints the dialogue of the client that saw it.`;

const STOPS = 20;

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean' },
    minutes: { type: 'string', default: '10' },
    writers: { type: 'string', default: '50' },
    watchers: { type: 'string', default: '50' },
    flags: { type: 'string', default: '10000' },
    quota: { type: 'string', default: '20' },
  },
});

function number(name: 'minutes' | 'writers' | 'watchers' | 'flags' | 'quota'): number {
  const value = Number(options[name].replaceAll(',', ''));
  const isGood = value >= 0 && (name === 'minutes' ? Number.isFinite(value) : Number.isSafeInteger(value));
  if (!isGood) throw new Error(`--${name} is a number, not ${options[name]}`);
  return value;
}

async function run(): Promise<void> {
  const [flags, quota, writers, watchers] = [number('flags'), number('quota'), number('writers'), number('watchers')];
  const seconds = Math.round(60 * number('minutes'));
  const startedAt = performance.now();
  const report = (line: string) => console.log(`${Math.round((performance.now() - startedAt) / 1_000)} s: ${line}`);
  await using postel = await startPostel();
  await using server = await RaceServer.start(postel);
  report('the server runs');

  const summary: (readonly string[])[] = [];
  if (flags > 0) summary.push(await runFlagRace(server, flags));
  if (flags > 0) report('flags: done');
  if (quota > 0) summary.push(await runQuotaRace(server, quota));
  if (quota > 0) report('quota: done');
  if (seconds > 0) summary.push(await runWatchersRace(server, { writers, watchers, seconds, stops: STOPS, report }));
  for (const [first, ...rest] of summary) console.log([`\n${first}`, ...rest].join('\n  '));
}

if (options.help) console.log(HELP);
else
  await run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    if (error instanceof Error && error.cause !== undefined) console.error(error.cause);
    process.exitCode = 1;
  });
