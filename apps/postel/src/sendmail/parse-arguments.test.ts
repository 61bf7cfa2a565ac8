import { expect, test } from 'vitest';
import { parseArguments } from './parse-arguments.ts';

const NOTHING = {
  recipients: [],
  takesHeaderRecipients: false,
  ignoresDots: false,
  sender: null,
  senderName: null,
  isVerbose: false,
  settings: new Map(),
};

/** As the programs named call a sendmail. */
test.each([
  ['nobody', '', {}],
  ['php', '-t -i', { takesHeaderRecipients: true, ignoresDots: true }],
  [
    'cron of Debian',
    '-FCronDaemon -i -B8BITMIME -oem root',
    { senderName: 'CronDaemon', ignoresDots: true, recipients: ['root'] },
  ],
  [
    'mutt',
    '-oem -oi -f me@example.com -- bob@example.org -odd@example.org',
    { ignoresDots: true, sender: 'me@example.com', recipients: ['bob@example.org', '-odd@example.org'] },
  ],
  ['git send-email', '-i bob@example.org -f me@example.com', { ignoresDots: true, sender: 'me@example.com' }],
  ['mailx', '-rme@example.com -N never -v bob', { sender: 'me@example.com', isVerbose: true, recipients: ['bob'] }],
  ['logcheck', '-oi -t -f', null],
  ['a program that has no sender', '-bm -f  bob', { sender: '', recipients: ['bob'] }],
  [
    'a person',
    '--host mail.example.com --tls=starttls -t',
    {
      takesHeaderRecipients: true,
      settings: new Map([
        ['host', 'mail.example.com'],
        ['tls', 'starttls'],
      ]),
    },
  ],
  ['who asks for a queue', '-q', null],
  ['who wants a daemon', '-bd', null],
  ['who guesses', '-z', null],
  ['who guesses', '--password x', null],
])('%s: %j', (_, line, expected) => {
  const args = line === '' ? [] : line.split(' ');
  if (expected === null) expect(() => parseArguments(args)).toThrow(expect.objectContaining({ exitCode: 64 }));
  else expect(parseArguments(args)).toMatchObject({ ...NOTHING, recipients: expect.any(Array), ...expected });
});
