import { expect, test } from 'vitest';
import { UsageError } from './command-error.ts';
import { commands } from './command-table.ts';
import { describeCommands } from './describe-commands.ts';
import { findCommand } from './find-command.ts';

test.for([
  ['localserve --data /d --port-offset 2000', 'localserve'],
  ['--data /d localserve', 'localserve'],
  ['--data=/d config account add mary mary@localhost', 'config account add'],
  ['config account list --data /d', 'config account list'],
  ['help config account', 'help'],
])('"postel %s" is the command %s', ([line = '', name]) => {
  const found = findCommand(line.split(' '), commands);
  expect(found.type === 'command' && found.command.name).toBe(name);
});

test('options may stand anywhere, and operands are what is left', () => {
  const found = findCommand('--data /d config account --generate-password add mary m@localhost'.split(' '), commands);
  if (found.type !== 'command') throw new Error('no command');
  expect(found.line.positionals).toEqual(['mary', 'm@localhost']);
  expect(found.line.option('data')).toBe('/d');
  expect(found.line.flag('generate-password')).toBe(true);
});

test.for([
  ['', []],
  ['--help', []],
  ['config --help', ['config']],
  ['config account add --help', ['config', 'account', 'add']],
  ['localserve -h', ['localserve']],
] as const)('"postel %s" asks for help', ([line, words]) => {
  expect(findCommand(line.split(' ').filter(Boolean), commands)).toEqual({ type: 'help', words });
});

test.for([
  ['service', /no command "service"; there are localserve, serve, config, .*help/],
  ['config', /"config" is followed by example, check, account/],
  ['config account', /"config account" is followed by add, list, rm, setpassword/],
  ['config account remove mary', /followed by add, list, rm, .*and "remove" is none of them/],
  ['localserve --host 0.0.0.0', /--host/],
  ['localserve --data', /--data/],
  ['--verbose', /--verbose/],
] as const)('"postel %s" is refused with what would be right', ([line, message]) => {
  const find = () => findCommand(line.split(' '), commands);
  expect(find).toThrow(UsageError);
  expect(find).toThrow(message);
});

test('every command has help with an example that begins with its name', () => {
  for (const { name, summary, help } of commands) {
    expect(help, name).toContain(`  postel ${name}`);
    expect(summary, name).toMatch(/^[a-z]/);
    expect(describeCommands([], commands)).toContain(`postel ${name} `);
    expect(describeCommands(name.split(' '), commands)).toContain(`Usage: postel [--data DIR] ${name}`);
  }
});
