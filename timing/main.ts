/** `npm run timing`: see `npm run timing -- --help`. The suite runs a short form (timing.test.ts). */
import { parseArgs } from 'node:util';
import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { startPostel } from '@postel/testkit';
import { type Door, directoryDoor, submissionDoor } from './doors.ts';
import { guessedMechanisms } from './guesses.ts';
import { type Finding, measure } from './measure.ts';
import { prepareComparisons } from './subjects.ts';

const HELP = `Measures whether the time that a refused login takes tells whether an account exists, or how near a password was.

  npm run timing -- [--samples N] [--mechanism NAME[,NAME...]] [--door directory|submission]

  --samples N    of each login, all of them in rounds in random order (default 10000)
  --mechanism L  default: all of ${guessedMechanisms.map(({ name }) => name).join(', ')} that are offered
  --door NAME    directory: the check itself, in one process; submission: over the wire, each on a connection of its own
                 (default: one after the other)

It needs no server: it starts one of its own, and removes it. Two logins are different if a rank test (Mann-Whitney) gives
them p < 0.01, shared among all tests of the run. "visible us" is how much longer the second would have had to take to be
seen: other programs on the machine raise it, and change nothing else. The last row of each table must be different, to show
that a run sees something. It ends with status 1 if anything is not as it should be.`;

/** That a run finds a difference where there is none, in all its tests together. */
const LEVEL = 0.01;
const ACCOUNTS_OF_A_KIND = 20;
/** What is measured is the check, not how long those wait who failed too often. */
const TRUSTED_NETWORKS = ['127.0.0.1/32'];

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean' },
    samples: { type: 'string', default: '10000' },
    mechanism: { type: 'string' },
    door: { type: 'string' },
  },
});

async function run(): Promise<void> {
  const samples = Number(options.samples.replaceAll(',', ''));
  if (!(Number.isSafeInteger(samples) && samples >= 20)) throw new Error('--samples is a number, 20 or more');
  const wanted = options.mechanism?.toUpperCase().split(',') ?? guessedMechanisms.map(({ name }) => name);
  const unknown = wanted.find((name) => !guessedMechanisms.some((known) => known.name === name));
  if (unknown !== undefined) throw new Error(`--mechanism does not know ${unknown}`);

  await using postel = await startPostel();
  await using opened = new AsyncDisposableStack();
  const database = openDatabase(postel.database, { applicationName: 'timing', maxConnections: 2 });
  opened.defer(() => database.close());
  const directory = openDirectory(database, { trustedNetworks: TRUSTED_NETWORKS }).as({ type: 'server', task: 'test' });
  const comparisons = await prepareComparisons(directory, database.sql, { accountsOfAKind: ACCOUNTS_OF_A_KIND });
  await directory.start(); // it learns that CRAM-MD5 is of use to somebody
  opened.defer(() => directory.close());
  const doors = new Map<string, Door>([
    ['directory', directoryDoor(directory)],
    ['submission', await submissionDoor(postel.ports.submission)],
  ]);
  if (options.door !== undefined && !doors.has(options.door)) throw new Error('--door is directory or submission');

  const pairs = [...doors]
    .filter(([name]) => options.door === undefined || options.door === name)
    .flatMap(([, door]) =>
      guessedMechanisms
        .filter((mechanism) => wanted.includes(mechanism.name) && door.offers(mechanism))
        .map((mechanism) => ({ door, mechanism })),
    );
  const answers = pairs.reduce((sum, { mechanism }) => sum + mechanism.answersTo.length, 0);
  const level = LEVEL / (answers * comparisons.length);
  console.log(`${samples} logins of each kind; times differ where p < ${level.toPrecision(2)}`);
  const findings: Finding[] = [];
  for (const { door, mechanism } of pairs) {
    const found = await measure(door, mechanism, comparisons, { samples, level });
    print(found, level);
    findings.push(...found);
  }
  const unexpected = findings.filter(({ isAsExpected }) => !isAsExpected).length;
  console.log(unexpected === 0 ? '\nAll as it should be.' : `\n${unexpected} NOT AS IT SHOULD BE`);
  if (unexpected > 0) process.exitCode = 1;
}

function print(findings: readonly Finding[], level: number): void {
  const [first] = findings;
  console.log(`\n${first?.mechanism}, ${first?.door}\n`);
  console.log('| compared | answer to the | median ms | difference us | second slower | p | visible us | |');
  console.log('|---|---|--:|--:|--:|--:|--:|---|');
  for (const { what, answerTo, mediansMs, above, p, visibleMs, expected, isAsExpected } of findings) {
    const [a, b] = mediansMs;
    const verdict = p < level ? 'different' : 'same';
    const cells = [
      ...[what, answerTo, a.toFixed(3), ((b - a) * 1_000).toFixed(1), `${(above * 100).toFixed(1)} %`],
      ...[p.toPrecision(2), (visibleMs * 1_000).toFixed(0), isAsExpected ? verdict : `${verdict}, NOT ${expected}`],
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

if (options.help) console.log(HELP);
else
  await run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  });
