import type { Round } from './crash-run.ts';
import type { Difference, Ledger, Operation, Outcome } from './ledger.ts';
import { TARGETS } from './targets.ts';

/** What a run knows when it is over. */
export interface Found {
  readonly ledger: Ledger;
  readonly rounds: readonly Round[];
  /** What the last comparison found wrong, after the last round. */
  readonly atEnd: readonly Difference[];
  readonly seed: number;
}

/** A line of progress. */
export function roundLine({ number, target, restartMs, checked }: Round, of: number, tookMs: number): string {
  const { messages, bodies, differences } = checked;
  const total = Number.isFinite(of) ? `/${of}` : '';
  const outcome = differences.length === 0 ? 'all there' : `${differences.length} WRONG`;
  const parts = [
    `round ${number}${total}`,
    target.padEnd(10),
    `back after ${Math.round(restartMs)} ms`,
    `${messages} messages, ${bodies} read`,
    `${(tookMs / 1_000).toFixed(1)} s`,
    outcome,
  ];
  return parts.join('  ');
}

/** What a run did and found. */
export function summarize({ ledger, rounds, atEnd, seed }: Found, tookMs: number): string {
  const lines = [`${rounds.length} rounds in ${(tookMs / 60_000).toFixed(1)} minutes, seed ${seed}`, '', 'kills'];
  for (const target of TARGETS) {
    const own = rounds.filter((round) => round.target === target);
    if (own.length === 0) continue;
    const times = own.map(({ restartMs }) => restartMs).sort((a, b) => a - b);
    const back = `back after ${Math.round(median(times))} ms (median), ${Math.round(times.at(-1) ?? 0)} ms (longest)`;
    lines.push(`  ${target.padEnd(12)}${String(own.length).padStart(5)}   ${back}`);
  }
  lines.push('', `${'operations'.padEnd(14)}acknowledged  refused   lost`);
  const total = { acknowledged: 0, refused: 0, lost: 0 };
  for (const [kind, counts] of [...ledger.counts].sort()) {
    lines.push(countLine(kind, counts));
    for (const outcome of ['acknowledged', 'refused', 'lost'] as const) total[outcome] += counts[outcome];
  }
  lines.push(countLine('all', total), '');
  const compared = rounds.reduce((sum, { checked }) => sum + checked.messages, 0);
  const read = rounds.reduce((sum, { checked }) => sum + checked.bodies, 0);
  lines.push(`messages compared ${compared} times, ${read} times with all their octets`);
  const wrong = rounds.reduce((sum, { checked }) => sum + checked.differences.length, atEnd.length);
  lines.push(wrong === 0 ? 'nothing is wrong' : `${wrong} things are WRONG`);
  return lines.join('\n');
}

/** The facts about what is wrong: each with the operations that concern it, the newest last. */
export function report({ ledger, rounds, atEnd, seed }: Found): string {
  const lines = [`seed ${seed}`];
  const parts = [
    ...rounds.map(({ number, target, checked }) => ({
      when: `After round ${number}, which killed ${target}:`,
      differences: checked.differences,
    })),
    { when: 'At the end:', differences: atEnd },
  ];
  for (const { when, differences } of parts) {
    if (differences.length > 0) lines.push('', when);
    for (const difference of differences) {
      const { account, mailbox, uid, messageId, what } = difference;
      const where = [account, mailbox, uid === undefined ? undefined : `UID ${uid}`, messageId];
      lines.push('', `- ${where.filter((part) => part !== undefined).join(' ')}: ${what}`);
      const subjects = [messageId, messageId === undefined ? mailbox : undefined];
      const about = ledger.operations.filter((operation) => subjects.some((each) => concerns(operation, each)));
      for (const operation of about.slice(-OPERATIONS_SHOWN)) lines.push(`    ${operationLine(operation)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const OPERATIONS_SHOWN = 30;

function concerns({ changes }: Operation, subject: string | undefined): boolean {
  if (subject === undefined || subject === '') return false;
  return changes.some((change) => {
    switch (change.type) {
      case 'added':
        return change.message.id === subject || change.mailbox.name === subject;
      case 'removed':
      case 'flagged':
        return change.copy.message.id === subject || change.copy.mailbox.name === subject;
      case 'renamed':
        return change.mailbox.name === subject || change.name === subject;
      case 'created':
      case 'deleted':
        return change.mailbox.name === subject;
      case 'subscribed':
      case 'unsubscribed':
        return change.name === subject;
      default:
        return change satisfies never;
    }
  });
}

function operationLine({ number, round, client, kind, text, outcome, answer }: Operation): string {
  const what = text.startsWith(kind) ? text : `${kind} ${text}`;
  return `#${number} round ${round} ${client}: ${what} -> ${outcome}: ${answer}`;
}

function countLine(kind: string, counts: Readonly<Record<Outcome, number>>): string {
  const numbers = [
    String(counts.acknowledged).padStart(12),
    String(counts.refused).padStart(9),
    String(counts.lost).padStart(7),
  ];
  return `  ${kind.padEnd(12)}${numbers.join('')}`;
}

function median(sorted: readonly number[]): number {
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}
