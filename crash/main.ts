/** `npm run crash`: see `npm run crash -- --help`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CrashRun, type Round } from './crash-run.ts';
import type { Difference } from './ledger.ts';
import { type CrashOptions, HELP, OptionError, parseOptions } from './options.ts';
import { runOffsets } from './run-offsets.ts';
import { runRounds } from './run-rounds.ts';
import { report, summarize } from './summary.ts';

const INTERRUPTED_STATUS = 130;

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) console.log(HELP);
  else process.exitCode = await crash(options);
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`${error.message}\nnpm run crash -- --help says more`);
  process.exitCode = 2;
}

/** @returns the exit status */
async function crash(options: CrashOptions): Promise<number> {
  const { seed } = options;
  const startedAt = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'postel-crash-'));
  console.log(`seed ${seed}, data directory ${directory}`);
  const rounds: Round[] = [];
  const atEnd: Difference[] = [];
  const interrupt = Promise.withResolvers<'interrupted'>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.resolve('interrupted'));

  await using run = await CrashRun.start(directory, seed, options.offsets ? { imapProcesses: 1 } : {});
  let isOver = false;
  const work = async () => {
    const told = (round: Round, line: string) => {
      if (isOver) return; // it was interrupted, and the server ended under it
      rounds.push(round);
      console.log(line);
    };
    await (options.offsets ? runOffsets(run, told) : runRounds(run, options, told));
    atEnd.push(...(await run.check({ isWhole: true })).differences, ...(await run.stop()));
    return 'done' as const;
  };
  // That the server does not come back, or that the harness fails, is told beside what was found until then.
  const failed = (error: unknown) => {
    atEnd.push({ what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return 'failed' as const;
  };
  const isInterrupted = (await Promise.race([work().catch(failed), interrupt.promise])) === 'interrupted';
  isOver = true;
  const found = { ledger: run.ledger, rounds: [...rounds], atEnd: [...atEnd], seed };
  if (isInterrupted) console.log('interrupted: ending the server');
  await run[Symbol.asyncDispose]();

  console.log(`\n${summarize(found, performance.now() - startedAt)}`);
  const isWrong = found.atEnd.length > 0 || found.rounds.some(({ checked }) => checked.differences.length > 0);
  if (isWrong) {
    const file = join(directory, 'report.txt');
    writeFileSync(file, report(found));
    console.log(`report: ${file}`);
  }
  if (isWrong || options.keep) console.log(`kept: ${directory}`);
  else rmSync(directory, { recursive: true, force: true });
  if (isInterrupted) return INTERRUPTED_STATUS;
  return isWrong ? 1 : 0;
}
