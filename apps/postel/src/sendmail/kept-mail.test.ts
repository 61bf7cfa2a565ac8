import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { freePort, sharedPostel, TemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { homeOf, inbox, LAUNCHER, optionsOf, SETTINGS, sendmail } from './sendmail-for-tests.ts';

const postel = sharedPostel();

const STATE = '.local/state/postel/sendmail';

/** The messages that are kept in a home. */
function keptIn(home: TemporaryDirectory, directory = STATE): readonly string[] {
  const path = join(home.path, directory);
  return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.eml')) : [];
}

function portOf(server: Server): string {
  const address = server.address();
  return address !== null && typeof address === 'object' ? `${address.port}` : '';
}

test('what a server could not be reached for is kept, and -q sends it once the server is there', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary);
  const down = `${await freePort()}`;
  const refused = await sendmail(home, [...SETTINGS, '--port', down, '-F', 'Cron', mary.address]);
  expect(refused).toMatchObject({ code: 75, stdout: '' });
  const [name = ''] = keptIn(home);
  const file = join(home.path, STATE, name);
  expect(refused.stderr).toMatch(/^postel: Cannot connect to localhost, port [0-9]+: /);
  expect(refused.stderr).toContain(`\nThe message is kept in ${file}. It is sent again by: postel sendmail -q\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(home.path, STATE)).mode & 0o777).toBe(0o700);

  // From another directory, and by the settings that it had: the server is still down.
  const again = await sendmail(home, ['-q', '-v'], { input: '' });
  expect(again).toMatchObject({ code: 75 });
  expect(again.stderr).toContain('Cannot connect');
  expect(await sendmail(home, ['-q'], { input: '' })).toEqual({ code: 75, stdout: '', stderr: '' });
  const listed = await sendmail(home, ['-bp'], { input: '' });
  expect(listed.stdout).toMatch(
    /^[0-9TZa-f-]+ {2}20[0-9]{2}-[0-9-]+ [0-9:]+ {2}\d+ B {2}waits\n {4}to mary\S+@localhost\n {4}Cannot connect/,
  );

  const sent = await sendmail(home, ['-q', '-v', '--port', `${postel.ports.submissions}`], { input: '' });
  expect(sent).toMatchObject({ code: 0 });
  expect(sent.stderr).toMatch(/^\S+: localhost, login by SCRAM-SHA-256-PLUS: 250 2\.0\.0 /);
  const received = await inbox(postel, mary);
  expect(received).toContain(`Message-ID: <${name.replace('.eml', '')}@localhost>\n`);
  expect(received).toContain(`From: Cron <${mary.address}>\n`);
  expect(received.match(/Subject: from a script/g)).toHaveLength(1);
  expect(readdirSync(join(home.path, STATE))).toEqual([]);
  expect(await sendmail(home, ['-q'], { input: '' })).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await sendmail(home, ['-bp'], { input: '' })).toMatchObject({ code: 0, stdout: 'Nothing is kept.\n' });
});

test('what cannot be noted of an attempt, as on a full disk, changes nothing: it is kept, and so is told', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary);
  const server = createServer((socket) => {
    // Where the message with its failure would be written.
    for (const name of keptIn(home)) mkdirSync(join(home.path, STATE, name.replace('.eml', '.new')));
    socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const refused = await sendmail(home, [...SETTINGS, '--port', portOf(server), mary.address]);
  server.close();
  const [name = ''] = keptIn(home);
  expect(refused).toMatchObject({ code: 75 });
  expect(refused.stderr).toContain(`\nThe message is kept in ${join(home.path, STATE, name)}. It is sent again by: `);
});

test('what is sent is not to be handed in anew, though its file cannot be removed', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary);
  const server = createServer((socket) => {
    for (const name of keptIn(home)) {
      rmSync(join(home.path, STATE, name));
      mkdirSync(join(home.path, STATE, name));
    }
    socket.pipe(connect(postel.ports.submissions, '127.0.0.1')).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const sent = await sendmail(home, [...SETTINGS, '--port', portOf(server), mary.address]);
  server.close();
  const [name = ''] = keptIn(home);
  expect(sent.stderr).toMatch(`The message is sent, but ${join(home.path, STATE, name)} cannot be removed (`);
  expect(sent).toMatchObject({ code: 0 });
  expect(await inbox(postel, mary)).toContain('Subject: from a script');
});

test('what a server refuses for good is kept, and sent again only if asked for', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary);
  const refused = await sendmail(home, [...SETTINGS, 'nobody@strict.localhost']);
  expect(refused).toMatchObject({ code: 67 });
  const [name = ''] = keptIn(home);
  const id = name.replace('.eml', '');
  expect(refused.stderr).toContain(`It was refused for good, and is sent again only by: postel sendmail -qI${id}\n`);
  expect(await sendmail(home, ['-q', '-v'], { input: '' })).toEqual({ code: 0, stdout: '', stderr: '' });
  for (const which of [`-qI${id}`, '-qQ']) {
    const again = await sendmail(home, [which], { input: '' });
    expect(again).toMatchObject({ code: 69 });
    expect(again.stderr).toContain('nobody@strict.localhost: 550 5.1.1');
  }
  expect(keptIn(home)).toEqual([name]);
  expect((await sendmail(home, ['-bp'], { input: '' })).stdout).toContain(
    '  refused\n    to nobody@strict.localhost\n',
  );
  expect(await sendmail(home, ['-qI20260101T000000Z-0000000000000000'], { input: '' })).toMatchObject({ code: 64 });
});

test.for<[string, readonly string[], number, RegExp]>([
  ['the password is wrong', ['--password-file', 'wrong'], 77, /It is sent again by/],
  ['the settings are wrong', ['--tls', 'none'], 78, /It is sent again by/],
  ['the password cannot be read', ['--password-file', 'nowhere'], 78, /It is sent again by/],
  ['there is no such mechanism', ['--mechanism', 'TELEPATHY'], 78, /It is sent again by/],
  ['it has no recipients', ['-t'], 64, /is sent again only by/],
  ['nobody can have the address', ['Mary Smith'], 65, /is sent again only by/],
])('a message is kept when %s, and the exit status says what is wrong', async ([, args, code, message]) => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary);
  home.write('wrong', 'not the password\n');
  const to = args[0]?.startsWith('--') === true ? [mary.address] : [];
  const refused = await sendmail(home, [...SETTINGS, ...args, ...to]);
  expect(refused.stderr).toMatch(message);
  expect(refused).toMatchObject({ code });
  expect(keptIn(home)).toHaveLength(1);
});

test('a user of the system without a home has a directory of their own, or names one', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary);
  const place = join(home.path, 'its place');
  const env = { HOME: '/nonexistent' };
  const refused = await sendmail(
    home,
    [...SETTINGS, '--port', `${await freePort()}`, '--keep', 'its place', mary.address],
    { env },
  );
  expect(refused).toMatchObject({ code: 75 });
  expect(refused.stderr).toContain(`It is sent again by: postel sendmail -q --keep '${place}'\n`);
  expect(keptIn(home, 'its place')).toHaveLength(1);
  const sent = await sendmail(home, ['-q', '--keep', place, '--port', `${postel.ports.submissions}`], {
    input: '',
    env,
  });
  expect(sent).toMatchObject({ code: 0, stderr: '' });
  expect(keptIn(home, 'its place')).toHaveLength(0);
});

test('where nothing can be kept the message is tried all the same, and 75 is not said', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary);
  home.write('file', '');
  const keepIn = async (place: string, port: number) =>
    await sendmail(home, [...SETTINGS, '--keep', place, '--port', `${port}`, mary.address]);
  const lost = await keepIn('file', await freePort());
  expect(lost).toMatchObject({ code: 73 });
  expect(lost.stderr).toMatch(/The message is not kept: .*file is no directory/);
  expect(await keepIn('file', postel.ports.submissions)).toMatchObject({ code: 0 });
});

test("others' directories, and those that others may write to, are not trusted", async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary);
  const place = join(home.path, 'shared');
  mkdirSync(place);
  chmodSync(place, 0o777);
  const refused = await sendmail(home, [
    ...SETTINGS,
    '--keep',
    'shared',
    '--port',
    `${await freePort()}`,
    mary.address,
  ]);
  expect(refused).toMatchObject({ code: 73 });
  expect(refused.stderr).toContain(`others may write to ${place}`);
});

test('a program that is killed while it sends leaves the message, and no two send it at once', async () => {
  const mary = await postel.addAccount('mary');
  using home = homeOf(postel, mary);
  // A server that takes the connection, and never says a word.
  const silent = createServer();
  const connected = once(silent, 'connection');
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const child = spawn(
    process.execPath,
    [LAUNCHER, 'sendmail', ...SETTINGS, '--host', '127.0.0.1', '--port', `${port}`, mary.address],
    {
      ...optionsOf(home, {}),
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  child.stdin.end('Subject: in the middle\n\nhello\n');
  await connected;
  expect(keptIn(home)).toHaveLength(1);
  const listed = await sendmail(home, ['-bp'], { input: '' });
  expect(listed.stdout).toContain('not yet sent');

  const options = ['-q', '-v', '--host', 'localhost', '--port', `${postel.ports.submissions}`];
  const meanwhile = await sendmail(home, options, { input: '' });
  expect(meanwhile).toMatchObject({ code: 75 });
  expect(meanwhile.stderr).toContain('another process is sending it');

  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  silent.close();
  const all = await Promise.all(Array.from({ length: 4 }, () => sendmail(home, options, { input: '' })));
  expect(all.every(({ code }) => code === 0 || code === 75)).toBe(true);
  expect(keptIn(home)).toEqual([]);
  expect((await inbox(postel, mary)).match(/Subject: in the middle/g)).toHaveLength(1);
});

test('a file that is none of ours is told of, and stays', async () => {
  using home = new TemporaryDirectory();
  mkdirSync(join(home.path, STATE), { recursive: true });
  const id = '20260101T000000Z-0000000000000000';
  const file = join(home.path, STATE, `${id}.eml`);
  writeFileSync(file, 'Subject: x\n\nhello\n');
  const sent = await sendmail(home, ['-q'], { input: '' });
  expect(sent).toMatchObject({ code: 75 });
  expect(sent.stderr).toContain(`${file}: it does not begin as the files of postel sendmail do`);
  expect((await sendmail(home, ['-bp'], { input: '' })).stdout).toContain('does not begin');
  expect(readFileSync(file, 'utf8')).toBe('Subject: x\n\nhello\n');
});

test('a broken file of settings keeps no message from being kept', async () => {
  using home = new TemporaryDirectory();
  home.write('.config/postel/sendmail.yaml', 'host: [');
  const refused = await sendmail(home, ['bob@example.org']);
  expect(refused).toMatchObject({ code: 78 });
  expect(keptIn(home)).toHaveLength(1);
});
