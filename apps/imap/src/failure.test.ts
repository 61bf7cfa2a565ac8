import { DirectoryError } from '@postel/directory';
import { ParseError } from '@postel/imap-wire';
import { StorageError } from '@postel/storage';
import type { Logger } from '@postel/supervision';
import { expect, test } from 'vitest';
import { Abandoned, Bad, No } from './command.ts';
import { failureOf } from './failure.ts';
import { MailServer } from './testing/mail-server.ts';

const silent = { error() {}, warn() {} } as unknown as Logger;

test.each([
  [new No('Not here', 'NONEXISTENT'), 'NO', 'NONEXISTENT'],
  [new Bad('What?'), 'BAD', null],
  [new ParseError('Expected a space'), 'BAD', null],
  [new ParseError('Too deep', 'limit'), 'BAD', 'LIMIT'],
  [new ParseError('No name', 'mailbox-name'), 'NO', 'CANNOT'],
  [new StorageError('nonexistent', 'No such mailbox'), 'NO', 'NONEXISTENT'],
  [new StorageError('exists', 'There is one'), 'NO', 'ALREADYEXISTS'],
  [new StorageError('over-quota', 'Too much'), 'NO', 'OVERQUOTA'],
  [new StorageError('too-many-keywords', 'Too many'), 'NO', 'LIMIT'],
  [new StorageError('unavailable', 'Not now'), 'NO', 'UNAVAILABLE'],
  [new DirectoryError('unavailable', 'Not now'), 'NO', 'UNAVAILABLE'],
  [new DirectoryError('too-many-failures', 'Wait'), 'NO', 'LIMIT'],
  [new TypeError('x is not a function'), 'NO', 'SERVERBUG'],
  ['thrown by mistake', 'NO', 'SERVERBUG'],
])('%s is answered %s [%s]', (error, condition, code) => {
  expect(failureOf(error, silent)).toMatchObject({ condition, code });
});

test('an unforeseen error is NO [SERVERBUG], and the session goes on, but not where an answer has begun', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: x\r\n\r\ntext');
  await server.changeRows(account, `update contents set part_index = '\\x00' where account_id = $1`);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1 BINARY.PEEK[1]
    S: a2 NO [SERVERBUG] Internal error...
    C: a3 FETCH 1 BODY.PEEK[TEXT]
    S: * 1 FETCH (BODY[TEXT] {4}
    S: text)
    S: a3 OK ...
    C: a4 NOOP
    C: a5 FETCH 1 BODY.PEEK[1]
    S: a4 OK ...
    S: (closed)
  `;
});

test('what an unforeseen error says stays in the log', () => {
  const logged: unknown[] = [];
  const log = { error: (fields: unknown) => logged.push(fields) } as unknown as Logger;
  const error = new Error('select secret from passwords');
  expect(failureOf(error, log).text).not.toContain('secret');
  expect(logged).toEqual([{ err: error }]);
});

test('of a write whose outcome is not known nothing is said', () => {
  expect(() => failureOf(new StorageError('outcome-unknown', 'Who knows'), silent)).toThrow(Abandoned);
});
