import { expect, test } from 'vitest';
import { UsageError } from './command-error.ts';
import { commands } from './command-table.ts';
import { describeCommands } from './describe-commands.ts';
import { findCommand, helpCommand } from './find-command.ts';

test.for([
  ['localserve --data /d --port-offset 2000', 'localserve'],
  ['--data /d localserve', 'localserve'],
  ['--data=/d config account add mary mary@localhost', 'config account add'],
  ['config account list --data /d', 'config account list'],
  ['help config account', 'help'],
  ['config test --config postel.yaml', 'config check'],
  ['config describe', 'config example'],
  ['config quota', 'config quota'],
  ['config quota default --storage 5GB', 'config quota'],
  ['config limits', 'config limits'],
  ['config limits clear 192.0.2.7', 'config login-limits clear'],
  ['config account addresses mary', 'config address list'],
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

test('a command of another name has the same operands', () => {
  const found = findCommand('config limits clear 192.0.2.7'.split(' '), commands);
  if (found.type !== 'command') throw new Error('no command');
  expect(found.line.positionals).toEqual(['192.0.2.7']);
  expect(describeCommands(['config', 'limits', 'clear'], commands)).toContain('Also: postel config limits clear.');
});

test.for(commands)('$name: its help has an example that calls it', ({ name, help, alsoCalled = [] }) => {
  const [, examples] = /^Examples?:\n([\s\S]+)/m.exec(help) ?? [];
  const lines = (examples ?? '').split('\n').map((line) => line.trim());
  expect(lines.length).toBeGreaterThan(0);
  const calls = [name, ...alsoCalled].map((called) => `postel ${called}`);
  expect(lines.some((line) => calls.some((call) => line.includes(call) || line.startsWith('npx postel')))).toBe(true);
});

test('no two commands have one name', () => {
  const names = commands.flatMap(({ name, alsoCalled = [] }) => [name, ...alsoCalled]);
  expect(new Set(names).size).toBe(names.length);
});

test('an option that may be given more than once has all its values', () => {
  const line = 'config account apppassword add mary phone --from 192.0.2.0/24 --from 2001:db8::/48'.split(' ');
  const found = findCommand(line, commands);
  if (found.type !== 'command') throw new Error('no command');
  expect(found.line.positionals).toEqual(['mary', 'phone']);
  expect(found.line.optionValues('from')).toEqual(['192.0.2.0/24', '2001:db8::/48']);
  expect(found.line.optionValues('data')).toEqual([]);
});

test.for([
  ['', []],
  ['--help', []],
  ['config --help', ['config']],
  ['config account add --help', ['config', 'account', 'add']],
  ['localserve -h', ['localserve']],
  ['psql -h', ['psql']],
  ['psql --write --help', ['psql']],
] as const)('"postel %s" asks for help', ([line, words]) => {
  expect(findCommand(line.split(' ').filter(Boolean), commands)).toEqual({ type: 'help', words });
});

test.for([
  ['service', /no command "service"; there are localserve, serve, .*help/],
  ['config', /"config" is followed by example, check, .*account, domain/],
  ['config account', /"config account" is followed by add, list, rm, setpassword/],
  ['config account remove mary', /followed by add, list, rm, .*and "remove" is none of them/],
  ['localserve --host 0.0.0.0', /^Unknown option '--host'$/],
  ['localserve --data', /--data/],
  ['undelete --mailbox -1', /'--mailbox=-XYZ'$/],
  ['--verbose', /--verbose/],
] as const)('"postel %s" is refused with what would be right', ([line, message]) => {
  const find = () => findCommand(line.split(' '), commands);
  expect(find).toThrow(UsageError);
  expect(find).toThrow(message);
});

test.for([
  ['config account logins --nope', 'postel help config account logins'],
  ['--data /d config account apppassword rm mary', 'postel help config account apppassword rm'],
  ['config account frobnicate', 'postel help'],
  ['', 'postel help'],
])('"postel %s" is helped by "%s"', ([line = '', help]) => {
  expect(helpCommand(line.split(' '), commands)).toBe(help);
});

test.for<[string, readonly string[], boolean]>([
  ['psql', [], false],
  ['psql --write', [], true],
  ['--data /d psql --write -At -c select', ['-At', '-c', 'select'], true],
  ['psql -c select --write', ['-c', 'select', '--write'], false],
  ['psql postel', ['postel'], false],
  ['psql -- --write', ['--write'], false],
  ['psql -h db.example', ['-h', 'db.example'], false],
  ['psql --data psql --csv', ['--csv'], false],
  ['psql -c select --help', ['-c', 'select', '--help'], false],
])('of "postel %s" psql has its part', ([line, passedOn, isWriting]) => {
  const found = findCommand(line.split(' '), commands);
  if (found.type !== 'command') throw new Error('no command');
  expect(found.command.name).toBe('psql');
  expect(found.line.passedOn).toEqual(passedOn);
  expect(found.line.flag('write')).toBe(isWriting);
});

test('every command has help with an example that begins with its name', () => {
  for (const { name, summary, help } of commands) {
    expect(help, name).toContain(`  postel ${name}`);
    expect(summary, name).toMatch(/^[a-z]/);
    expect(describeCommands([], commands)).toContain(`postel ${name} `);
    expect(describeCommands(name.split(' '), commands)).toContain(`Usage: postel [--data DIR] ${name}`);
  }
});
