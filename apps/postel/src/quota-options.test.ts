import { expect, test } from 'vitest';
import type { CommandLine } from './command.ts';
import { UsageError } from './command-error.ts';
import { parseLimits, printableLimit } from './quota-options.ts';

function parse(options: { readonly [name: string]: string }) {
  const line: CommandLine = {
    positionals: [],
    passedOn: [],
    option: (name) => options[name] ?? null,
    optionValues: () => [],
    flag: () => false,
  };
  return parseLimits(line, 'default');
}

test.each([
  [{}, {}],
  [{ storage: '500MB' }, { octets: 500 * 2 ** 20 }],
  [{ storage: '5gb' }, { octets: 5 * 2 ** 30 }],
  [{ storage: '1.5 TB' }, { octets: 1.5 * 2 ** 40 }],
  [{ storage: '0.001MB' }, { octets: 2_048 }],
  [
    { storage: '0KB', messages: '0', mailboxes: '999999999999999' },
    { octets: 0, messages: 0, mailboxes: 999999999999999 },
  ],
  [
    { storage: 'none', messages: 'default', mailboxes: 'none' },
    { octets: null, messages: 'default', mailboxes: null },
  ],
])('%j', (options, limits) => {
  expect(parse(options)).toEqual(limits);
});

test.each([
  { storage: '5' },
  { storage: '' },
  { storage: '-5GB' },
  { storage: '1.2345GB' },
  { storage: '5GiB' },
  { storage: '999999TB' },
  { storage: 'unlimited' },
  { messages: 'many' },
  { messages: '1.5' },
  { messages: '5GB' },
  { mailboxes: '9999999999999999' },
  { mailboxes: '+5' },
])('%j is refused', (options) => {
  expect(() => parse(options)).toThrow(UsageError);
});

test('limits for people', () => {
  const limits = { octets: 20 * 2 ** 30, messages: 200_000, mailboxes: null };
  expect((['octets', 'messages', 'mailboxes'] as const).map((amount) => printableLimit(limits, amount))).toEqual([
    '20.0 GB',
    '200,000',
    'none',
  ]);
});
