import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ReceiverDirectory } from './receiver.ts';

const PAUSE_MS = 50;
export const PASSWORD = 'correct horse';

/** Whether Debian's dovecot is installed. */
export function hasDovecot(): boolean {
  return existsSync('/usr/sbin/dovecot');
}

/** Who may log in, whatever mail server asks. */
export interface DovecotAuth extends AsyncDisposable {
  /** Where mail servers ask. */
  readonly socket: string;
  /** An access token of somebody. */
  tokenOf(user: string): string;
}

/** Debian's Dovecot, as root, for its SASL mechanisms alone: mary has a password, and who has a token is who it says. */
export async function startDovecotAuth(directory: ReceiverDirectory): Promise<DovecotAuth> {
  const key = randomBytes(32);
  const socket = directory.at('auth/client');
  for (const name of ['auth', 'auth/keys', 'auth/keys/default', 'auth/keys/default/HS256']) directory.makeFor(name);
  directory.write('auth/keys/default/HS256/default', key.toString('base64'));
  directory.write('auth/users', `mary:{PLAIN}${PASSWORD}\n`);
  directory.write(
    'auth/oauth2.conf',
    `introspection_mode = local
local_validation_key_dict = fs:posix:prefix=${directory.at('auth/keys')}/
username_attribute = sub
`,
  );
  directory.write(
    'auth/dovecot.conf',
    `base_dir = ${directory.at('auth')}/run
state_dir = ${directory.at('auth')}/state
log_path = ${directory.at('auth/log')}
instance_name = postel-smarthost
protocols =
ssl = no
auth_mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
auth_failure_delay = 0
passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = ${directory.at('auth/oauth2.conf')}
}
passdb {
  driver = passwd-file
  mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256
  args = ${directory.at('auth/users')}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
service auth {
  user = root
  unix_listener ${socket} {
    mode = 0666
  }
}
`,
  );
  const server = spawn('/usr/sbin/dovecot', ['-F', '-c', directory.at('auth/dovecot.conf')], { stdio: 'ignore' });
  while (!(await answers(socket))) {
    if (server.exitCode !== null) throw new Error(`dovecot does not start: ${readLog(directory)}`);
    await pause(PAUSE_MS);
  }
  return { socket, tokenOf: (user) => makeToken(user, key), [Symbol.asyncDispose]: () => end(server) };
}

async function answers(socket: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const connection = connect(socket, () => resolve(true)).on('error', () => resolve(false));
  const isThere = await promise;
  connection.destroy();
  return isThere;
}

function readLog(directory: ReceiverDirectory): string {
  const log = directory.at('auth/log');
  return existsSync(log) ? readFileSync(log, 'utf8') : '(no log)';
}

async function end(server: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
}

/** A JSON Web Token: RFC 7519 §3.1. */
function makeToken(sub: string, key: Buffer): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const seconds = Math.floor(Date.now() / 1_000);
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, iat: seconds, exp: seconds + 3_600 })}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}
