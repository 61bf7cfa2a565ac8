import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ImapClient, type RunningPostel, TemporaryDirectory, type TestAccount } from '@postel/testkit';

export const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');
const MESSAGE = 'Subject: from a script\n\nhello\n';

export interface Run {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `postel sendmail` of somebody whose home is that directory. */
export function sendmail(home: TemporaryDirectory, args: readonly string[], run: Run = {}) {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const child = execFile(
    process.execPath,
    [LAUNCHER, 'sendmail', ...args],
    optionsOf(home, run),
    (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    },
  );
  child.stdin?.on('error', () => {}).end(run.input ?? MESSAGE);
  return promise;
}

export function optionsOf({ path }: TemporaryDirectory, { env = {} }: Run) {
  const { PATH = '' } = process.env;
  return { cwd: path, env: { PATH, HOME: path, TZ: 'Europe/Berlin', ...env } };
}

export type Settings = Readonly<Record<string, string | number | null>>;

/** A home with the file that `postel help sendmail` shows; what is null is left out of it. */
export function homeOf(postel: RunningPostel, account: TestAccount, settings: Settings = {}): TemporaryDirectory {
  const home = new TemporaryDirectory();
  writeSettings(home, {
    host: 'localhost',
    port: postel.ports.submissions,
    account: account.name,
    passwordFile: home.write('password', `${account.password}\n`),
    caFile: join(postel.dataDirectory, 'ca.pem'),
    from: account.address,
    ...settings,
  });
  return home;
}

export function writeSettings(home: TemporaryDirectory, settings: Settings): void {
  const given = Object.entries(settings).filter(([, value]) => value !== null);
  home.write('settings.yaml', given.map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join(''));
}

export const SETTINGS = ['--config', 'settings.yaml'];

/** The messages in an INBOX, in one text. */
export async function inbox(postel: RunningPostel, { name, password }: TestAccount): Promise<string> {
  await using client = await ImapClient.connect(postel.ports.imap);
  await client.command(`LOGIN ${name} ${password}`);
  await client.command('SELECT INBOX');
  const { untagged } = await client.command('FETCH 1:* (BODY.PEEK[])');
  return untagged.join('\n');
}
