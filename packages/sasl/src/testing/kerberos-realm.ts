import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, TemporaryDirectory } from '@postel/testkit';
import { LineProcess } from './line-process.ts';

const run = promisify(execFile);

const REALM = 'POSTEL.TEST';

/** Debian's krb5-kdc with a realm of its own: the service `smtp/localhost`, and tim, who has a ticket. */
export class KerberosRealm implements AsyncDisposable {
  /** Where programs find the realm, the service its key and tim his ticket. */
  readonly env: Record<string, string>;
  readonly #directory: TemporaryDirectory;
  readonly #kdc: LineProcess;

  private constructor(directory: TemporaryDirectory, env: Record<string, string>, kdc: LineProcess) {
    this.#directory = directory;
    this.env = env;
    this.#kdc = kdc;
  }

  static async start(): Promise<KerberosRealm> {
    const directory = new TemporaryDirectory();
    const { path } = directory;
    const port = await freePort();
    const env = {
      KRB5_CONFIG: directory.write('krb5.conf', krb5Conf(port)),
      KRB5_KDC_PROFILE: directory.write('kdc.conf', kdcConf(path, port)),
      KRB5_KTNAME: `FILE:${join(path, 'keytab')}`,
      KRB5CCNAME: `FILE:${join(path, 'tickets')}`,
    };
    const { PATH = '' } = process.env;
    const call = (program: string, ...args: readonly string[]) => run(program, args, { env: { PATH, ...env } });
    await call('kdb5_util', 'create', '-s', '-r', REALM, '-P', 'master password');
    await call('kadmin.local', '-r', REALM, 'addprinc', '-pw', 'tanstaaftanstaaf', 'tim');
    await call('kadmin.local', '-r', REALM, 'addprinc', '-randkey', 'smtp/localhost');
    await call('kadmin.local', '-r', REALM, 'ktadd', '-k', join(path, 'keytab'), 'smtp/localhost');

    // Its log goes to standard error.
    const kdc = new LineProcess('sh', ['-c', `exec krb5kdc -n -r ${REALM} 2>&1`], env);
    const realm = new KerberosRealm(directory, env, kdc);
    while (!(await kdc.read()).includes('commencing operation'));
    await realm.#kinit();
    return realm;
  }

  /** Gets tim his ticket, who types his password. */
  async #kinit(): Promise<void> {
    const { PATH = '' } = process.env;
    const kinit = run('kinit', ['tim'], { env: { PATH, ...this.env } });
    kinit.child.stdin?.end('tanstaaftanstaaf\n');
    await kinit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kdc[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

function krb5Conf(port: number): string {
  return `[libdefaults]
  default_realm = ${REALM}
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  ${REALM} = {
    kdc = 127.0.0.1:${port}
  }
[domain_realm]
  localhost = ${REALM}
`;
}

function kdcConf(path: string, port: number): string {
  return `[realms]
  ${REALM} = {
    kdc_listen = 127.0.0.1:${port}
    kdc_tcp_listen = 127.0.0.1:${port}
    database_name = ${join(path, 'principal')}
    key_stash_file = ${join(path, 'stash')}
    acl_file = ${join(path, 'acl')}
  }
[logging]
  kdc = STDERR
`;
}
