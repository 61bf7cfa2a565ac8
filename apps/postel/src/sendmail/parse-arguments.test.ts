import { expect, test } from 'vitest';
import { parseArguments } from './parse-arguments.ts';

const NOTHING = {
  job: { type: 'send' },
  recipients: [],
  takesHeaderRecipients: false,
  ignoresDots: false,
  sender: null,
  senderName: null,
  isVerbose: false,
  status: { notify: null, returnContent: null, envelopeId: null },
  holdUntil: null,
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
  [
    'mailx',
    '-rme@example.com -N never -v bob',
    {
      sender: 'me@example.com',
      isVerbose: true,
      recipients: ['bob'],
      status: { notify: 'NEVER', returnContent: null, envelopeId: null },
    },
  ],
  [
    'a program with its options in one word',
    '-tiv -o i -odq -OMaxMessageSize=1 -Ac',
    {
      takesHeaderRecipients: true,
      ignoresDots: true,
      isVerbose: true,
    },
  ],
  [
    '-t with a value behind',
    '-itfme@example.com',
    {
      takesHeaderRecipients: true,
      ignoresDots: true,
      sender: 'me@example.com',
    },
  ],
  [
    'who wants to be told',
    '-Nsuccess,Failure -R hdrs -V x+1 bob',
    {
      recipients: ['bob'],
      status: { notify: 'SUCCESS,FAILURE', returnContent: 'HDRS', envelopeId: 'x+1' },
    },
  ],
  ['who wants to be told of what there is not', '-N sometimes bob', null],
  ['who wants half of it back', '-R half bob', null],
  ['who is told nothing', '-V', null],
  [
    'a program of tomorrow',
    '--hold-until 2126-11-22T18:30Z bob',
    {
      recipients: ['bob'],
      holdUntil: Date.parse('2126-11-22T18:30Z'),
    },
  ],
  ['who is late', '--hold-until=2006-11-22 bob', null],
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
  ['who sends what is kept', '-q -v', { job: { type: 'resend', id: null, includesRefused: false }, isVerbose: true }],
  ['who sends all of it', '-qQ', { job: { type: 'resend', id: null, includesRefused: true } }],
  [
    'who sends one of it',
    '-qI20261123T092233Z-0123456789abcdef',
    {
      job: { type: 'resend', id: '20261123T092233Z-0123456789abcdef', includesRefused: true },
    },
  ],
  ['mailq', '-bp', { job: { type: 'list' } }],
  ['who sends what is nowhere', '-qI../x', null],
  ['who wants a queue to be run each hour', '-q1h', null],
  ['who mixes two jobs', '-q bob', null],
  ['who wants a daemon', '-bd', null],
  ['who guesses', '-z', null],
  ['who guesses', '--password x', null],
])('%s: %j', (_, line, expected) => {
  const args = line === '' ? [] : line.split(' ');
  if (expected === null) expect(() => parseArguments(args)).toThrow(expect.objectContaining({ exitCode: 64 }));
  else expect(parseArguments(args)).toMatchObject({ ...NOTHING, recipients: expect.any(Array), ...expected });
});
