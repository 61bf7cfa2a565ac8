import type { RecordedTransaction, TransactionOutcome } from '@postel/storage';

/** For people. */
export const outcomeWords = {
  delivered: 'delivered',
  junk: 'delivered, with the junk',
  waiting: 'waits for room in the mailbox',
  held: 'held until its time',
  queued: 'passed on to the queue',
  'left-out': 'not delivered: the account took no mail',
  suspect: 'refused for now as suspect',
  refused: 'refused',
  deferred: 'refused for now',
  'broken-off': 'broken off by the client',
  'given-up': 'given up: nobody got it',
} as const satisfies Record<TransactionOutcome, string>;

const CHECKS = new Map([
  ['iprev', 'the address of the client has a name'],
  ['spf', 'the domain of the sender lets this server send (SPF)'],
  ['dkim', 'a domain has signed it (DKIM)'],
  ['dmarc', 'the domain in From vouches for it (DMARC)'],
  ['arc', 'who had it on the way vouches for that (ARC)'],
  ['senderDomain', 'mail to the sender would go somewhere'],
  ['dnsbl', 'block lists (DNSBL)'],
  ['rspamd', 'the content filter (Rspamd)'],
]);
const RESULTS = new Map([
  ['pass', 'yes'],
  ['fail', 'no'],
  ['softfail', 'rather not'],
  ['neutral', 'it does not say'],
  ['none', 'nothing is said of it'],
  ['policy', 'not by a way that counts'],
  ['temperror', 'could not be found out'],
  ['permerror', 'what the DNS has is wrong'],
  ['listed', 'listed'],
  ['takes-mail', 'yes'],
  ['takes-none', 'no: its domain takes no mail'],
  ['does-not-exist', 'no: there is no such domain'],
  ['unknown', 'could not be found out'],
]);

/** What was found out about a message, a line each: `the domain of the sender lets this server send (SPF): yes`. */
export function checkWords(checks: string | null): readonly string[] {
  if (checks === null || checks === '') return [];
  return checks.split(' ').map((check) => {
    const [name = '', result = ''] = check.split('=', 2);
    return `${CHECKS.get(name) ?? name}: ${resultWords(name, result)}`;
  });
}

function resultWords(name: string, result: string): string {
  if (name === 'dnsbl' && result === 'none') return 'not listed';
  if (name === 'rspamd') {
    const [action = '', score] = result.split(':', 2);
    return `${action.replaceAll('-', ' ')}${score === undefined ? '' : `, ${score} points`}`;
  }
  return RESULTS.get(result) ?? result;
}

/** `550 5.1.1 No such address here`. */
export function replyWords({
  replyCode,
  replyStatus,
  replyText,
}: Pick<RecordedTransaction, 'replyCode' | 'replyStatus' | 'replyText'>): string {
  return [replyCode, replyStatus, replyText].filter((part) => part !== null).join(' ');
}
